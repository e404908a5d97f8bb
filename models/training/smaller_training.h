#pragma once

#include <string>
#include <vector>

#include "models/error.h"
#include "models/training/memory_forecast.h"

namespace quern::models {

/// A setting that makes a training small enough, and what it takes then.
struct SmallerTraining {
  std::string what;  ///< "set batch_size to 2 and grad_accumulation_steps to 2"
  MemoryForecast forecast;
};

/// Settings of which each alone lets the training fit into so many bytes, as little changed as that
/// takes: fewer rows in a batch, with more batches in a step; shorter rows; grad_checkpoint; fewer
/// layers; a lower rank. When none does, all that cost no quality together. Empty when even that
/// does not fit. Each is a forecast of its own.
std::vector<SmallerTraining> smaller_trainings(const TrainableModel& model,
                                               const TrainingOptions& options,
                                               const BatchShape& train,
                                               const std::optional<BatchShape>& valid,
                                               size_t bytes);

/// "12.3 GB of memory are needed ..., 8.0 GB are there", and what to do about it.
ModelError does_not_fit(const MemoryForecast& forecast, size_t bytes,
                        const std::vector<SmallerTraining>& smaller);

}  // namespace quern::models
