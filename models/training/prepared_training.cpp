#include "models/training/prepared_training.h"

#include <fmt/format.h>

#include "models/adapters/adapter_files.h"
#include "models/config/config_reader.h"
#include "models/error.h"
#include "models/fingerprint.h"
#include "models/training/data/tokenized_batches.h"
#include "models/weights/checkpoint.h"
#include "models/weights/gguf/gguf_model.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;

/// Whether a folder has a config, but none of the files that hold weights.
bool lacks_weights(const fs::path& path) {
  if (!fs::is_directory(path) || !fs::exists(path / "config.json") || !find_gguf(path).empty())
    return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".index.json"))
      return false;
  }
  return true;
}

Tokenizer tokenizer_of(const ModelFiles& files) {
  if (files.vocabulary) return tokenizer_of_gguf(*files.vocabulary, files.path.string());
  if (Tokenizer::is_in(files.path)) return Tokenizer::load(files.path);
  throw ModelError(fmt::format("[train] {}: holds no tokenizer", files.path.string()),
                   "Add the model's tokenizer.json, or train on tokenized batches.");
}

std::shared_ptr<const RowEncoder> encoder_of(const ModelFiles& files, const TrainingPlan& plan) {
  Tokenizer tokenizer = tokenizer_of(files);
  if (tokenizer.vocab_size() > files.config.vocab_size) {
    throw ModelError(
        fmt::format("[train] {}: the tokenizer has {} pieces, but the embedding {} rows",
                    files.path.string(), tokenizer.vocab_size(), files.config.vocab_size),
        "Set vocab_size in config.json to at least as many, or use the model's own tokenizer.");
  }
  std::optional<ChatTemplate> chat_template;
  if (!tokenizer.chat_template().empty()) {
    chat_template.emplace(tokenizer.chat_template(), tokenizer.bos_token(), tokenizer.eos_token());
  }
  return std::make_shared<const RowEncoder>(
      std::move(tokenizer), std::move(chat_template),
      EncodeOptions{.supervise = plan.supervise,
                    .max_seq_length = plan.options.max_seq_length,
                    .drop_long = plan.drop_long});
}

void refuse_kind(const fs::path& data, const std::string& what, bool are_pairs, bool wants_pairs) {
  if (are_pairs == wants_pairs) return;
  throw ModelError(
      fmt::format("[train] {}: holds {}, which the objective is not for", data.string(), what),
      are_pairs ? "Choose the objective dpo or orpo." : "Choose the objective tokens.");
}

}  // namespace

PreparedTraining::PreparedTraining(TrainingPlan plan,
                                   std::function<void(uint64_t, uint64_t)> on_progress,
                                   std::stop_token stop)
    : plan_(std::move(plan)) {
  plan_.options.check();
  const bool from_scratch = lacks_weights(plan_.model);
  AdapterConfig config = plan_.options.adapter;
  if (from_scratch) {
    config.kind = AdapterConfig::Kind::full;
    config.num_layers = -1;
    plan_.options.adapter = config;
  }
  ModelFiles files =
      from_scratch ? ModelFiles::open_without_weights(plan_.model) : ModelFiles::open(plan_.model);
  const int most = files.config.max_position_embeddings;
  if (most > 0) plan_.options.max_seq_length = std::min(plan_.options.max_seq_length, most);
  model_ = std::make_unique<TrainableModel>(std::move(files), config, plan_.options.compute);
  if (!plan_.initial_adapter.empty()) {
    const fs::path& file = plan_.initial_adapter;
    model_->start_from(read_tensors(fs::is_directory(file) ? file / mlx_adapter_file : file),
                       file.string());
  }
  open_data({.features = plan_.features,
             .on_progress = std::move(on_progress),
             .cancel = std::move(stop)});
}

void PreparedTraining::open_data(CheckOptions check) {
  const ModelFiles& files = model_->files();
  const TrainingOptions& options = plan_.options;
  const bool wants_pairs = options.objective != TrainingOptions::Objective::tokens;
  if (TokenizedBatches::is_named_so(plan_.data)) {
    refuse_kind(plan_.data, "tokenized batches", false, wants_pairs);
    auto batches = std::make_unique<TokenizedBatches>(plan_.data, files.config.vocab_size);
    data_fingerprint_ = fmt::format("{:016x}", batches->fingerprint());
    train_ = std::move(batches);
    return;
  }
  DatasetOptions how;
  how.check = std::move(check);
  how.valid_fraction = options.steps_per_eval > 0 ? plan_.valid_fraction : 0.0;
  how.seed = options.seed;
  data_.emplace(Dataset::open(plan_.data, encoder_of(files, plan_), how));
  if (!plan_.skip_bad_rows) {
    refuse_bad_rows(data_->train().report);
    if (data_->valid()) refuse_bad_rows(data_->valid()->report);
  }
  const RowKind kind = data_->train().report.kind;
  refuse_kind(plan_.data, fmt::format("rows of the kind {}", name_of(kind)),
              kind == RowKind::preference, wants_pairs);
  // How many rows are held out also decides what a position in the others means.
  data_fingerprint_ =
      fmt::format("{:016x}-{}", data_->train().fingerprint, data_->train().rows->size());
  const RowBatchOptions batches{
      .batch_size = options.batch_size, .seed = options.seed, .packs = plan_.pack};
  train_ = data_->train_batches(batches);
  if (data_->valid()) valid_ = data_->valid_batches(batches);
}

std::vector<MaskedToken> PreparedTraining::describe_mask(size_t row) const {
  if (!data_) {
    throw ModelError("[train] tokenized batches have no text to show", "Train on rows of text.");
  }
  const RowList& rows = *data_->train().rows;
  if (row >= rows.size()) {
    throw ModelError(fmt::format("[train] there is no row {} among {}", row + 1, rows.size()),
                     "Choose one of the rows.");
  }
  return data_->encoder().describe_mask(rows.read(row));
}

int64_t PreparedTraining::parameters() const { return model_->parameters(); }
int64_t PreparedTraining::trained_parameters() const { return model_->trained_parameters(); }

nlohmann::json PreparedTraining::settings() const {
  nlohmann::json settings = plan_.to_json();
  settings["model_fingerprint"] = fingerprint(plan_.model);
  settings["data_fingerprint"] = data_fingerprint_;
  return settings;
}

namespace {

/// Whether the batches are packed is the plan's to say, but not of those that are in a file.
BatchShape largest_of(const BatchSource& source, bool packed) {
  const auto [rows, columns] = source.largest_batch();
  return {rows, columns, packed};
}

}  // namespace

BatchShape PreparedTraining::train_shape() const {
  return largest_of(*train_, data_ && plan_.pack);
}

std::optional<BatchShape> PreparedTraining::valid_shape() const {
  if (!valid_) return std::nullopt;
  return largest_of(*valid_, data_ && plan_.pack);
}

MemoryForecast PreparedTraining::forecast() const {
  return forecast_memory(*model_, plan_.options, train_shape(), valid_shape());
}

void PreparedTraining::check_memory(const MemoryForecast& forecast) const {
  const size_t bytes = memory_at_hand();
  if (forecast.total() <= bytes) return;
  throw does_not_fit(
      forecast, bytes,
      smaller_trainings(*model_, plan_.options, train_shape(), valid_shape(), bytes));
}

TrainingOutcome PreparedTraining::run(bool resume, const TrainingWatch& watch) {
  TrainingFolder folder = resume ? TrainingFolder::open(plan_.out, settings())
                                 : TrainingFolder::create(plan_.out, settings());
  train_->seek({});
  return run_training(*model_, plan_.options, *train_, valid_.get(), folder, watch);
}

TrainingPlan plan_of_folder(const fs::path& folder) {
  TrainingPlan plan;
  plan.update(TrainingFolder::settings_in(folder), (folder / "training.json").string());
  plan.out = folder;
  return plan;
}

}  // namespace quern::models
