#pragma once

#include <memory>
#include <optional>

#include "models/language_model.h"
#include "models/training/data/dataset.h"
#include "models/training/smaller_training.h"
#include "models/training/training_plan.h"
#include "models/training/training_run.h"

namespace quern::models {

/// A training whose data is checked and whose model is open: ready to run. One thread at a time.
class PreparedTraining {
 public:
  /// Checks everything before anything is computed. on_progress: bytes of data checked and in all.
  /// Throws ModelError: a model, data or settings that cannot be used; bad rows, with line and
  /// reason, unless they are to be skipped; when it was stopped meanwhile.
  explicit PreparedTraining(TrainingPlan plan,
                            std::function<void(uint64_t done, uint64_t total)> on_progress = {},
                            std::stop_token stop = {});

  const TrainingPlan& plan() const { return plan_; }
  bool is_from_scratch() const { return model_->is_from_scratch(); }
  /// Of what was checked; none of tokenized batches.
  const Dataset* data() const { return data_ ? &*data_ : nullptr; }
  /// A row as the loss sees it.
  std::vector<MaskedToken> describe_mask(size_t row) const;

  /// How many parameters there are in all, and how many are trained.
  int64_t parameters() const;
  int64_t trained_parameters() const;

  /// What it will take, by the largest batch that the data may give.
  MemoryForecast forecast() const;
  /// Throws ModelError when that is more than memory_at_hand(), naming settings with which the
  /// training would fit.
  void check_memory(const MemoryForecast& forecast) const;

  /// From the beginning, or with `resume` where the plan's folder stopped. See run_training().
  TrainingOutcome run(bool resume, const TrainingWatch& watch = {});

 private:
  void open_data(CheckOptions check);
  nlohmann::json settings() const;
  BatchShape train_shape() const;
  std::optional<BatchShape> valid_shape() const;

  TrainingPlan plan_;
  std::unique_ptr<TrainableModel> model_;
  std::optional<Dataset> data_;
  std::unique_ptr<BatchSource> train_, valid_;
  std::string data_fingerprint_;
};

/// The plan of a training that was begun in this folder, as it was then.
TrainingPlan plan_of_folder(const std::filesystem::path& folder);

}  // namespace quern::models
