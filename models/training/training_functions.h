#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/optim/optimizer.h"
#include "models/training/batch_loss.h"
#include "models/training/trainable_model.h"
#include "models/training/training_options.h"

namespace quern::models {

/// What a step computes, as functions from arrays to arrays: to be compiled and run, or only to be
/// looked at. It knows the names of parameters and of the optimizer's state, and keeps no array of
/// theirs.
class TrainingFunctions {
 public:
  using Function = std::function<Arrays(const Arrays&)>;

  /// parameters: as model.initial() has them. model must outlive this and the functions, and this
  /// the functions. Throws ModelError.
  TrainingFunctions(const TrainableModel& model, const TrainingOptions& options,
                    const nn::Parameters& parameters);

  /// What the optimizer begins with, under its names, as graph.
  nn::Parameters first_state(const nn::Parameters& parameters) const;

  /// Of what arguments() gives: the loss, times the scale, the margin and the accuracy.
  /// packed_lengths: as LossInput has them.
  Function loss(std::vector<int> packed_lengths, bool training) const;
  /// The same, followed by the gradients in the parameters' order.
  Function gradients(std::vector<int> packed_lengths) const;
  /// The parameters by number, in the order in which the backward pass comes to them. Gradients
  /// that are evaluated in this order need no more of a layer when the pass leaves it; in another,
  /// the inputs and cotangents of all layers would wait for the last.
  std::vector<size_t> backward_order() const;
  /// Of parameters, gradients and the optimizer's state: parameters and state after the step.
  Function update();

  /// Parameters, a batch's tokens [rows, columns] int32 and supervised [rows, columns] float32, a
  /// random key, and what the loss is multiplied with.
  static Arrays arguments(const nn::Parameters& parameters, const array& tokens,
                          const array& supervised, const array& key, const array& loss_scale);

 private:
  const TrainableModel& model_;
  const TrainingOptions options_;
  std::shared_ptr<optim::AnyOptimizer> optimizer_;
  nn::Parameters names_, state_names_;
};

/// The same names, with nothing behind them.
nn::Parameters names_alone(const nn::Parameters& named);

}  // namespace quern::models
