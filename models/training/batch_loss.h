#pragma once

#include "models/training/batch.h"
#include "models/training/trainable_model.h"
#include "models/training/training_options.h"

namespace quern::models {

/// What a batch costs a model, as graph: float32 scalars.
struct BatchLoss {
  array loss;  ///< mean over the supervised tokens, or over the pairs
  /// Of preferences: how much likelier the chosen answers have become than the rejected ones (dpo)
  /// or are (orpo), mean, in nats; and the part of the pairs where they are likelier. Else 0.
  array margin, accuracy;
};

/// A batch in the form in which the loss takes it.
struct LossInput {
  explicit LossInput(const Batch& batch);

  array tokens;                     ///< [rows, columns] int32
  array supervised;                 ///< [rows, columns] float32, 0 or 1
  std::vector<int> packed_lengths;  ///< of what the model reads of packed sequences; else empty
  int64_t weight;                   ///< supervised tokens, or pairs: what the mean is over
};

/// The loss of a batch with these parameters: each token is predicted from those before it.
/// packed_lengths: as LossInput has them. training: with dropout.
BatchLoss batch_loss(const TrainableModel& model, const TrainingOptions& options,
                     const nn::Parameters& parameters, const array& tokens, const array& supervised,
                     const std::vector<int>& packed_lengths, bool training);

}  // namespace quern::models
