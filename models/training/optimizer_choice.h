#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/optim/optimizer.h"
#include "models/training/training_options.h"

namespace quern::models {

/// The optimizers that can be chosen by name: adam, adamw, adamax, adagrad, adadelta, adafactor,
/// lion, muon, rmsprop and sgd.
std::vector<std::string> optimizer_names();

/// The schedules: cosine_decay, linear_schedule, step_decay and exponential_decay.
std::vector<std::string> schedule_names();

/// The learning rate that the options say, for each step from 0: a number, or a schedule with its
/// warm-up. Throws ModelError for a schedule that is not known, arguments that do not fit it, or a
/// decay over all steps when the options leave open how many there will be (in epochs).
optim::LearningRate learning_rate_of(const TrainingOptions& options);

/// Throws ModelError for a name that is not known, or an argument that the optimizer does not have
/// or does not take, with those that it has.
std::shared_ptr<optim::AnyOptimizer> make_optimizer(const TrainingOptions& options);

}  // namespace quern::models
