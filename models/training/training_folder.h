#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "models/training/trainable_model.h"
#include "models/training/training_checkpoint.h"
#include "models/training/training_options.h"

namespace quern::models {

/// Where a training keeps its files:
///
///   training.json          its settings
///   metrics.jsonl          a line for each report
///   checkpoints/           N.safetensors after N steps: the last two
///   the result             adapter_config.json and adapters.safetensors in mlx-lm's form; of a
///                          model trained from scratch config.json, model.safetensors and tokenizer
///   last/                  the same as of the last checkpoint, when the result is an earlier best
///
/// Each file is whole or not there; a crash costs no more than the steps since the last checkpoint.
class TrainingFolder {
 public:
  /// Of a new training. Throws ModelError when the folder holds one already.
  static TrainingFolder create(const std::filesystem::path& path, const nlohmann::json& settings);
  /// Of one that was begun: what a crash left half written is removed. Throws ModelError when the
  /// folder holds none.
  static TrainingFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const nlohmann::json& settings() const { return settings_; }

  /// One more line of metrics.jsonl. Throws ModelError when it cannot be written.
  void log(const nlohmann::json& report);
  /// Takes out what was reported after this many steps: they will be taken again.
  void forget_after(int64_t iteration);

  /// Throws ModelError, saying which checkpoint is the last one that is whole.
  void save(const TrainingCheckpoint& checkpoint);
  /// None before the first.
  std::optional<std::filesystem::path> last_checkpoint() const;

  /// Writes parameters as the result, or those of the last checkpoint beside it.
  void save_result(const TrainableModel& model, const nn::Parameters& parameters,
                   const TrainingOptions& options, bool is_last);

 private:
  TrainingFolder(std::filesystem::path path, nlohmann::json settings);
  std::vector<std::pair<int64_t, std::filesystem::path>> checkpoints() const;

  std::filesystem::path path_;
  nlohmann::json settings_;
};

}  // namespace quern::models
