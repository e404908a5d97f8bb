#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "models/training/folder_lock.h"
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
/// While one exists, no other program can have one of the same folder.
class TrainingFolder {
 public:
  /// Throws ModelError when a folder holds a training or a model already.
  static void refuse_taken(const std::filesystem::path& path);
  /// What a training in this folder was begun with. Throws ModelError when the folder holds none.
  static nlohmann::json settings_in(const std::filesystem::path& path);

  /// Of a new training. Throws ModelError: a folder that is taken or cannot be written to.
  static TrainingFolder create(const std::filesystem::path& path, const nlohmann::json& settings);
  /// Of one that was begun, to go on with these settings: what a crash left half written is
  /// removed. Throws ModelError: the folder holds none, or refuse_changes() does.
  static TrainingFolder open(const std::filesystem::path& path, const nlohmann::json& settings);

  const std::filesystem::path& path() const { return path_; }

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
  explicit TrainingFolder(std::filesystem::path path);
  std::vector<std::pair<int64_t, std::filesystem::path>> checkpoints() const;

  std::filesystem::path path_;
  FolderLock lock_;
};

}  // namespace quern::models
