#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <variant>

#include "models/training/training_folder.h"

namespace quern::models {

/// A step as it is reported: means since the report before.
struct TrainingProgress {
  StepReport step;             ///< the last one; loss, margin and accuracy are the means
  int64_t iterations = 0;      ///< that there will be; 0: not known (epochs of packed rows)
  int64_t trained_tokens = 0;  ///< supervised ones, since the beginning
  int64_t skipped_steps = 0;
  int64_t epoch = 0;  ///< of the data, from 0
  double iterations_per_second = 0;
  double tokens_per_second = 0;
  size_t active_memory = 0, peak_memory = 0;  ///< bytes
  std::optional<double> seconds_left;

  /// Under mlx-lm's names, peak_memory in GB, and this program's own.
  nlohmann::json to_json() const;
};

struct ValidationProgress {
  int64_t iteration = 0;  ///< steps taken before
  ValidationReport report;
  bool is_best = false;

  nlohmann::json to_json() const;
};

struct CheckpointSaved {
  int64_t iteration = 0;
};

using TrainingEvent = std::variant<TrainingProgress, ValidationProgress, CheckpointSaved>;

/// What follows a run and may stop it. `report` runs on the run's thread, between steps.
struct TrainingWatch {
  std::function<void(const TrainingEvent&)> report = {};
  std::stop_token stop = {};
};

struct TrainingOutcome {
  enum class End {
    finished,
    stopped,       ///< by the watch: a checkpoint was saved, and nothing of the run is in memory
    early_stopped  ///< validation did not get better any more
  };
  End end = End::finished;
  int64_t iterations = 0;
  std::optional<double> best_loss;        ///< on the held-out set
  std::optional<int64_t> best_iteration;  ///< whose parameters are the result
};

/// Trains until it is done or stopped, keeping everything in the folder: from the beginning, or
/// where the folder's last checkpoint is, with the same steps as if it had never been away. Pausing
/// is stopping, and going on calling this again. valid may be nullptr. A program that does other
/// things meanwhile calls it within a StreamContext of background_stream() (engine/graph/priority.h).
///
/// Throws ModelError: what Trainer and TrainingFolder throw; no step of the last ones was finite.
TrainingOutcome run_training(const TrainableModel& model, const TrainingOptions& options,
                             BatchSource& train, BatchSource* valid, TrainingFolder& folder,
                             const TrainingWatch& watch = {});

}  // namespace quern::models
