#include "models/language_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/adapters/adapter.h"
#include "models/adapters/merge.h"
#include "models/config/config_reader.h"
#include "models/decoder/load_decoder.h"
#include "models/fingerprint.h"
#include "models/model_files.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;

std::vector<int32_t> read_eos(const fs::path& folder, const ModelConfig& config,
                              const std::optional<Tokenizer>& tokenizer) {
  std::vector<int32_t> ids;
  if (const fs::path file = folder / "generation_config.json"; fs::exists(file)) {
    const nlohmann::json json = read_json_object(file, "config");
    const ConfigReader reader(json, file.string());
    ids = reader.one_or_more_integers("eos_token_id", {0, 1 << 30});
  }
  if (ids.empty()) ids = config.eos_token_ids;
  const auto named = tokenizer ? tokenizer->eos_token_id() : std::nullopt;
  if (named && std::find(ids.begin(), ids.end(), *named) == ids.end()) ids.push_back(*named);
  return ids;
}

void check_size(const Tokenizer& tokenizer, const ModelConfig& config, const fs::path& folder) {
  if (tokenizer.vocab_size() <= config.vocab_size) return;
  throw ModelError(
      fmt::format("[tokenizer] {}: the tokenizer has {} pieces, but the embedding has {} "
                  "rows (vocab_size in config.json)",
                  folder.string(), tokenizer.vocab_size(), config.vocab_size),
      "The tokenizer belongs to another model: download the model again.");
}

/// A GGUF file may leave its tokenizer out.
bool has_tokens(const GgufVocabulary& vocabulary) {
  return !vocabulary.model.empty() && vocabulary.model != "no_vocab" && vocabulary.model != "none";
}

/// What the adapters change: of full fine-tunes, here; of the others, later.
UpdateSource apply_adapters(const std::vector<AdapterInUse>& adapters, ModelFiles& files) {
  const std::vector<Adapter> loaded = load_adapters(adapters, files);
  std::vector<UpdateSource> sources;
  for (size_t i = 0; i < loaded.size(); ++i)
    sources.push_back(loaded[i].updates(files, adapters[i].strength));
  return together(std::move(sources));
}

}  // namespace

std::shared_ptr<const LanguageModel> LanguageModel::load(const fs::path& folder,
                                                         const LoadOptions& options) {
  ModelFiles files = ModelFiles::open(folder);
  std::shared_ptr<LanguageModel> model(new LanguageModel);
  model->folder_ = folder;
  const UpdateSource updates = apply_adapters(options.adapters, files);
  model->decoder_ = load_decoder(files.weights, files.spec, files.config.quantization,
                                 options.exact, folder.string(), updates);
  model->adapters_ = options.adapters;
  model->config_ = std::move(files.config);
  if (files.vocabulary && has_tokens(*files.vocabulary)) {
    model->tokenizer_ = tokenizer_of_gguf(*files.vocabulary, files.path.string());
  } else if (!files.vocabulary && Tokenizer::is_in(folder)) {
    model->tokenizer_ = Tokenizer::load(folder);
  }
  if (model->tokenizer_) {
    check_size(*model->tokenizer_, model->config_, folder);
    const Tokenizer& tokenizer = *model->tokenizer_;
    if (!tokenizer.chat_template().empty()) {
      try {
        model->chat_template_.emplace(tokenizer.chat_template(), tokenizer.bos_token(),
                                      tokenizer.eos_token());
      } catch (const ModelError& e) {
        model->chat_template_error_ = ModelError(
            e.what(), "Repair the chat template, or give the model plain text to continue.");
      }
    }
  }
  model->eos_token_ids_ = files.vocabulary ? end_of_generation_ids(*files.vocabulary)
                                           : read_eos(folder, model->config_, model->tokenizer_);
  return model;
}

std::shared_ptr<const LanguageModel> LanguageModel::with_decoder(
    std::shared_ptr<const Decoder> decoder) const {
  std::shared_ptr<LanguageModel> model(new LanguageModel(*this));
  model->decoder_ = std::move(decoder);
  return model;
}

uint64_t LanguageModel::strength_changes() const {
  uint64_t changes = 0;
  for (const AdapterInUse& adapter : adapters_) changes += adapter.strength->changes();
  return changes;
}

std::string LanguageModel::fingerprint() const {
  std::string all = models::fingerprint(folder_);
  for (const AdapterInUse& adapter : adapters_) {
    all += fmt::format(" {} {}", models::fingerprint(adapter.folder), adapter.strength->get());
  }
  return all;
}

const Tokenizer& LanguageModel::tokenizer() const {
  if (tokenizer_) return *tokenizer_;
  throw ModelError(
      fmt::format("[tokenizer] {}: holds no tokenizer (tokenizer.json, tokenizer.model, ...)",
                  folder_.string()),
      "Add the model's tokenizer.json, or use token ids instead of text.");
}

const ChatTemplate& LanguageModel::chat_template() const {
  if (chat_template_) return *chat_template_;
  if (chat_template_error_) throw *chat_template_error_;
  throw ModelError(fmt::format("[template] {}: holds no chat template", folder_.string()),
                   "Choose a model that was tuned for chat, or give it plain text to continue.");
}

}  // namespace quern::models
