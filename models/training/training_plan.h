#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "models/training/data/data_check.h"
#include "models/training/data/row_encoder.h"
#include "models/training/training_options.h"

namespace quern::models {

/// All that a training is asked for: what is trained, on what, how, and where the result goes.
struct TrainingPlan {
  std::filesystem::path model;  ///< a folder or GGUF file; without weights: from scratch
  std::filesystem::path data;   ///< rows (see Dataset::open), or tokenized batches (.safetensors)
  std::filesystem::path out;    ///< "adapter_path"
  /// An adapter's tensors in mlx-lm's form, of the same modules and rank, that training begins with
  /// instead of random ones: "resume_adapter_file". Empty: none.
  std::filesystem::path initial_adapter;

  Supervise supervise = Supervise::assistant_turns;
  bool pack = false;            ///< sequences one after the other instead of padding
  bool drop_long = false;       ///< rows longer than max_seq_length go instead of losing their end
  bool skip_bad_rows = false;   ///< else a bad row is an error
  double valid_fraction = 0.1;  ///< of the rows that is held out when there is no file for that
  FeatureNames features;

  TrainingOptions options;

  /// One JSON object, the options among the rest. mlx-lm's names where it has them; those of its
  /// settings that mean nothing here (train, test, report_to, ...) are passed over when read.
  nlohmann::json to_json() const;
  /// Names that are absent keep their values. Throws ModelError as TrainingOptions::update does.
  void update(nlohmann::json json, const std::string& source);
};

/// Whether a training can go on with other settings, as to_json() has them: its length, what is
/// reported and kept when, and where files are may change; all else would make it another training.
/// Throws ModelError, naming the setting, what it was and what it is.
void refuse_changes(const nlohmann::json& begun, const nlohmann::json& now);

}  // namespace quern::models
