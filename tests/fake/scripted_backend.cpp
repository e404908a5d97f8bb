#include "tests/fake/scripted_backend.h"

#include <QDir>

namespace quern::tests {

using app::MessageState;

ScriptedBackend::ScriptedBackend(QObject* parent) : ChatBackend(parent) {
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, &ScriptedBackend::step);
  connect(&load_timer_, &QTimer::timeout, this, [this] {
    if (++load_step_ < load_steps) {
      Q_EMIT loadPhase(QStringLiteral("Reading the weights"));
      return;
    }
    load_timer_.stop();
    if (load_failure.isEmpty()) {
      Q_EMIT loaded(model);
    } else {
      Q_EMIT loadFailed(load_failure, QStringLiteral("Choose another folder."));
    }
  });
}

void ScriptedBackend::load(const QString& folder) {
  model.folder = folder;
  load_step_ = 0;
  load_timer_.start(interval);
}

void ScriptedBackend::unload() { load_timer_.stop(); }

void ScriptedBackend::generate(const app::ChatRequest& request) {
  requests.push_back(request);
  prefill_step_ = 0;
  sent_ = 0;
  tokens_ = 0;
  prompt_tokens_ = 0;
  for (const auto& turn : request.turns)
    prompt_tokens_ += static_cast<int>(turn.text.size()) / 4 + 5;
  timer_.start(interval);
}

void ScriptedBackend::stop() {
  if (timer_.isActive())
    QMetaObject::invokeMethod(
        this, [this] { finish(MessageState::Cancelled); }, Qt::QueuedConnection);
}

void ScriptedBackend::step() {
  if (prefill_step_ < prefill_steps) {
    ++prefill_step_;
    Q_EMIT prefilled(prompt_tokens_ * prefill_step_ / prefill_steps, prompt_tokens_);
    return;
  }
  if (!failure.isEmpty() && sent_ > answer.size() / 2) {
    timer_.stop();
    Q_EMIT failed(failure, QStringLiteral("Try again."));
    return;
  }
  app::GenerationUpdate update;
  update.text = answer.mid(sent_, characters_per_step);
  sent_ += characters_per_step;
  update.tokens = ++tokens_;
  update.tokens_per_second = 38.2;
  update.context_used = prompt_tokens_ + tokens_;
  Q_EMIT generated(update);
  if (sent_ >= answer.size()) finish(MessageState::Done);
}

void ScriptedBackend::finish(MessageState::Value state) {
  if (!timer_.isActive()) return;
  timer_.stop();
  Q_EMIT finished({state, tokens_, tokens_ > 0 ? 38.2 : 0, prompt_tokens_ + tokens_});
}

}  // namespace quern::tests
