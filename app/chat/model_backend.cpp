#include "app/chat/model_backend.h"

#include <QDir>
#include <QFile>

#include "engine/memory/buffer.h"
#include "models/generate/chat_prompt.h"
#include "models/generate/generator.h"

namespace quern::app {
namespace {

using Stop = std::shared_ptr<std::stop_source>;

ModelInformation describe(const models::LanguageModel& model, const QString& folder) {
  const models::ModelConfig& config = model.config();
  ModelInformation information;
  information.folder = folder;
  information.name = QDir(folder).dirName();
  information.family = QString::fromStdString(config.model_type);
  information.context_length = config.max_position_embeddings;
  if (config.quantization.global) {
    information.quantization = QStringLiteral("%1-bit").arg(config.quantization.global->bits);
  } else if (config.json && config.json->contains("torch_dtype") &&
             (*config.json)["torch_dtype"].is_string()) {
    information.quantization =
        QString::fromStdString((*config.json)["torch_dtype"].get<std::string>());
  }
  return information;
}

models::SamplingOptions samplingOptions(const ChatSettingsValue& settings) {
  models::SamplingOptions options;
  options.temperature = static_cast<float>(settings[Sampling::temperature]);
  options.top_p = static_cast<float>(settings[Sampling::top_p]);
  options.min_p = static_cast<float>(settings[Sampling::min_p]);
  options.top_k = static_cast<int>(settings[Sampling::top_k]);
  options.xtc_probability = static_cast<float>(settings[Sampling::xtc_probability]);
  options.xtc_threshold = static_cast<float>(settings[Sampling::xtc_threshold]);
  options.repetition_penalty = static_cast<float>(settings[Sampling::repetition_penalty]);
  options.presence_penalty = static_cast<float>(settings[Sampling::presence_penalty]);
  options.frequency_penalty = static_cast<float>(settings[Sampling::frequency_penalty]);
  options.penalty_window = static_cast<int>(settings[Sampling::penalty_window]);
  if (settings[Sampling::seed] >= 0) options.seed = static_cast<uint64_t>(settings[Sampling::seed]);
  return options;
}

models::ChatPrompt encodePrompt(const models::LanguageModel& model, const ChatRequest& request) {
  std::vector<models::ChatMessage> messages;
  if (!request.settings.system_prompt.trimmed().isEmpty()) {
    messages.push_back({"system", request.settings.system_prompt.toStdString()});
  }
  for (const ChatTurn& turn : request.turns) {
    messages.push_back({turn.role == Role::user ? "user" : "assistant", turn.text.toStdString()});
  }
  std::string begun;
  if (request.continue_last) {
    begun = std::move(messages.back().content);
    messages.pop_back();
  }
  models::ChatPrompt prompt = models::encode_chat_with_boundaries(model, messages);
  if (request.continue_last) {
    const auto more = model.tokenizer().encode(begun, false);
    prompt.tokens.insert(prompt.tokens.end(), more.begin(), more.end());
  }
  return prompt;
}

/// Some templates write the opening <think> themselves; the answer then begins inside it.
bool endsThinking(const models::LanguageModel& model, const std::vector<int32_t>& prompt) {
  constexpr size_t looked_at = 8;
  const size_t begin = prompt.size() - std::min(prompt.size(), looked_at);
  const auto end = model.tokenizer().decode(std::span(prompt).subspan(begin), false);
  return QString::fromStdString(end).trimmed().endsWith(QLatin1String("<think>"));
}

}  // namespace

/// Lives on the backend's thread. Speaks to the backend by calls that are queued to its thread.
class ModelBackend::Worker : public QObject {
 public:
  explicit Worker(ModelBackend& backend) : backend_(backend) {}

  void load(const QString& folder, const Stop& stop) {
    release();
    if (stop->stop_requested()) return;
    try {
      report([](ModelBackend& backend) { Q_EMIT backend.loadPhase(tr("Reading the model")); });
      auto model = models::LanguageModel::load(QFile::encodeName(folder).toStdString());
      model->tokenizer();  // a folder without either cannot be talked to: it says so now
      model->chat_template();
      if (stop->stop_requested()) return;
      generator_ = std::make_unique<models::Generator>(model);
      const ModelInformation information = describe(*model, folder);
      report([information](ModelBackend& backend) { Q_EMIT backend.loaded(information); }, stop);
    } catch (const std::exception& error) {
      reportError(error, &ModelBackend::loadFailed, stop);
    }
  }

  void release() { generator_.reset(); }

  void generate(const ChatRequest& request, const Stop& stop) {
    try {
      if (!generator_)
        throw models::ModelError("[chat] no model is loaded", "Choose a model first.");
      const auto end = answer(request, *stop);
      report([end](ModelBackend& backend) {
        backend.updates_.flush();
        Q_EMIT backend.finished(end);
      });
    } catch (const std::exception& error) {
      reportError(error, &ModelBackend::failed, {});
    }
  }

 private:
  GenerationEnd answer(const ChatRequest& request, const std::stop_source& stop) {
    const models::LanguageModel& model = generator_->model();
    models::GenerationRequest generation;
    models::ChatPrompt prompt = encodePrompt(model, request);
    generation.prompt = std::move(prompt.tokens);
    generation.boundaries = std::move(prompt.boundaries);
    generation.sampling = samplingOptions(request.settings);
    const int longest = static_cast<int>(request.settings[Sampling::max_tokens]);
    generation.max_tokens = longest > 0 ? longest : -1;
    for (const QString& text : request.settings.stop) generation.stop.push_back(text.toStdString());
    generation.on_prefill = [this](int done, int total) {
      report([done, total](ModelBackend& backend) { Q_EMIT backend.prefilled(done, total); });
    };

    GenerationUpdate update;
    const int prompt_tokens = static_cast<int>(generation.prompt.size());
    if (!request.continue_last && endsThinking(model, generation.prompt))
      update.text = QStringLiteral("<think>\n");
    QElapsedTimer since_first;
    const auto statistics = generator_->generate(
        generation,
        [&](const models::GeneratedToken& token) {
          if (!since_first.isValid()) since_first.start();
          update.text += QString::fromStdString(token.text);
          ++update.tokens;
          const qint64 elapsed = since_first.nsecsElapsed();
          update.tokens_per_second =
              update.tokens > 1 && elapsed > 0 ? (update.tokens - 1) * 1e9 / double(elapsed) : 0;
          update.context_used = prompt_tokens + update.tokens;
          backend_.updates_.add(GenerationUpdate(update));
          update.text.clear();
        },
        stop.get_token());

    GenerationEnd end;
    end.tokens = statistics.generation_tokens;
    end.tokens_per_second = statistics.generation_tps;
    end.context_used = prompt_tokens + statistics.generation_tokens;
    end.state = statistics.finish_reason == models::FinishReason::cancelled
                    ? MessageState::Cancelled
                : statistics.finish_reason == models::FinishReason::length ? MessageState::Truncated
                                                                           : MessageState::Done;
    return end;
  }

  /// Runs on the GUI thread, unless what it belongs to has been abandoned by then.
  void report(std::function<void(ModelBackend&)> say, const Stop& abandoned = {}) {
    QMetaObject::invokeMethod(&backend_, [&backend = backend_, say = std::move(say), abandoned] {
      if (!abandoned || !abandoned->stop_requested()) say(backend);
    });
  }

  void reportError(const std::exception& error,
                   void (ModelBackend::*signal)(const QString&, const QString&),
                   const Stop& abandoned) {
    QString advice;
    if (const auto* known = dynamic_cast<const models::ModelError*>(&error)) {
      advice = QString::fromStdString(known->advice());
    } else if (dynamic_cast<const OutOfMemory*>(&error) != nullptr ||
               dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
      advice = tr("Close other programs, or choose a smaller model or a shorter conversation.");
    }
    const QString what = QString::fromUtf8(error.what());
    report(
        [what, advice, signal](ModelBackend& backend) {
          backend.updates_.flush();
          Q_EMIT(backend.*signal)(what, advice);
        },
        abandoned);
  }

  ModelBackend& backend_;
  std::unique_ptr<models::Generator> generator_;
};

ModelBackend::ModelBackend(QObject* parent)
    : ChatBackend(parent),
      worker_(new Worker(*this)),
      updates_(
          [](GenerationUpdate& pending, GenerationUpdate&& added) {
            const QString text = pending.text + added.text;
            pending = std::move(added);
            pending.text = text;
          },
          [this](const GenerationUpdate& update) { Q_EMIT generated(update); }) {
  worker_->moveToThread(&thread_);
  thread_.setObjectName(QStringLiteral("model"));
  thread_.start();
}

ModelBackend::~ModelBackend() {
  ModelBackend::stop();
  if (load_stop_) load_stop_->request_stop();
  QMetaObject::invokeMethod(worker_, [this] {
    delete worker_;
    thread_.quit();
  });
  thread_.wait();
}

void ModelBackend::load(const QString& folder) {
  unload();
  load_stop_ = std::make_shared<std::stop_source>();
  QMetaObject::invokeMethod(
      worker_, [worker = worker_, folder, stop = load_stop_] { worker->load(folder, stop); });
}

void ModelBackend::unload() {
  stop();
  if (load_stop_) load_stop_->request_stop();
  QMetaObject::invokeMethod(worker_, [worker = worker_] { worker->release(); });
}

void ModelBackend::generate(const ChatRequest& request) {
  answer_stop_ = std::make_shared<std::stop_source>();
  QMetaObject::invokeMethod(worker_, [worker = worker_, request, stop = answer_stop_] {
    worker->generate(request, stop);
  });
}

void ModelBackend::stop() {
  if (answer_stop_) answer_stop_->request_stop();
}

}  // namespace quern::app
