#pragma once

#include <functional>
#include <memory>

#include "engine/optim/optimizer.h"
#include "models/training/batch.h"
#include "models/training/batch_loss.h"
#include "models/training/trainable_model.h"
#include "models/training/training_options.h"

namespace quern::models {

/// One step of a training: what it cost and what it changed.
struct StepReport {
  int64_t iteration = 0;  ///< from 1
  double loss = 0;        ///< before the step, mean over the step's tokens or pairs
  double learning_rate = 0;
  double grad_norm = 0;  ///< before it was clipped
  /// Loss or gradients were not finite, or there was nothing to learn: nothing was changed.
  bool skipped = false;
  int64_t tokens = 0;  ///< supervised ones
  double seconds = 0;
  double margin = 0, accuracy = 0;  ///< of preferences
};

/// Losses on a held-out set.
struct ValidationReport {
  double loss = 0;  ///< mean over tokens or pairs; not a number when there were none
  int64_t tokens = 0;
  double seconds = 0;
  double accuracy = 0;  ///< of preferences
};

/// All that a training would need to go on as if it had never stopped.
struct TrainerState {
  int64_t iteration = 0;  ///< steps taken
  int64_t trained_tokens = 0;
  int64_t skipped_steps = 0;
  double loss_scale = 1;  ///< of float16
  int64_t steps_at_loss_scale = 0;
  DataPosition position;
  nn::Parameters parameters;
  nn::Parameters optimizer;
};

/// Steps of gradient descent on a model's parameters, one at a time, for one thread. The same
/// options, data and number of threads give the same steps, bit by bit; random numbers depend on
/// the seed and the step alone.
class Trainer {
 public:
  /// All must outlive the trainer. Throws ModelError.
  Trainer(const TrainableModel& model, const TrainingOptions& options, BatchSource& data);

  /// One step, from as many batches as the options say. Rethrows what the data throws, and
  /// OutOfMemory; the state is that before the step then.
  StepReport step();

  /// The mean loss on a source from its beginning, of at most so many batches; -1: one epoch.
  ValidationReport validate(BatchSource& source, int batches);

  int64_t iteration() const { return state_.iteration; }
  /// Everything but `position` is as of now, evaluated.
  const TrainerState& state() const;
  void restore(TrainerState state);

 private:
  struct Gradients {
    nn::Parameters values;
    double loss = 0, margin = 0, accuracy = 0;
    int64_t weight = 0, tokens = 0;
  };
  using Function = std::function<Arrays(const Arrays&)>;

  Function loss_function(std::vector<int> packed_lengths, bool training) const;
  Function gradient_function(std::vector<int> packed_lengths) const;
  Arrays arguments(const LossInput& input, const array& key) const;
  Gradients accumulated();
  void update(const nn::Parameters& gradients);
  void adapt_loss_scale(bool finite);

  const TrainableModel& model_;
  const TrainingOptions options_;
  BatchSource& data_;
  std::shared_ptr<optim::AnyOptimizer> optimizer_;
  std::vector<std::string> backward_order_;  ///< of the parameters
  mutable TrainerState state_;
  Function compiled_gradients_, compiled_loss_, compiled_update_;
};

}  // namespace quern::models
