#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/training/trainable_model.h"
#include "models/training/training_options.h"

namespace quern::models {

// How much memory a training will take, before it begins.
//
// The forecast makes the very graphs that a step evaluates - for the largest batch, from the
// shapes alone - and goes through each of them as an evaluation would, without computing (DryRun).
// So nothing in it is particular to a family of models. What lives how long follows from the graph:
//
//   weights       as they lie in a mapped file they are read, not copied; those of another dtype
//                 than the training computes in are copied once and stay
//   parameters    what is trained, float32, and the optimizer's state: all the time. A step's new
//                 values take the place of the old ones, one parameter after the other
//   gradients     float32, one as large as each parameter, from the backward pass until the update;
//                 with accumulation, all the time but for a step's first batch
//   activations   what the backward pass reads again of each layer stays from the forward pass
//                 until then: the inputs of norms, of adapted or trained projections and of
//                 activations, queries, keys, values and the result of attention; not its scores,
//                 which are computed again. Frozen projections need no input. With grad_checkpoint
//                 each layer's input alone stays, and one layer's inner results at a time
//   logits        float32 [rows * columns, vocab_size], and their gradient, which takes their place
//   working       what kernels hold while they run: packed operands, float32 copies of halves
//
// The peak is the highest of all moments, and the parts are those of that moment. What a kernel
// holds beyond its arrays is not in a graph: it is counted as kernel_memory.h says.

/// The largest batch of a source.
struct BatchShape {
  int rows = 0, columns = 0;
  bool packed = false;  ///< several sequences in one row
};

/// Bytes at the highest moment of a training.
struct MemoryForecast {
  enum class Moment {
    gradients,   ///< forward and backward pass of a batch
    update,      ///< the optimizer's step
    validation,  ///< a batch of the held-out set
  };
  Moment moment = Moment::gradients;
  BatchShape batch;

  size_t weights = 0;     ///< copies; besides `mapped`
  size_t parameters = 0;  ///< trained
  size_t optimizer = 0;
  size_t gradients = 0;
  size_t activations = 0;
  size_t logits = 0;
  size_t working = 0;
  /// The sum of these: what get_peak_memory() will have grown by.
  size_t peak = 0;
  /// Weights in mapped files, which the machine needs room for besides.
  size_t mapped = 0;

  size_t total() const { return peak + mapped; }

  /// {"total", "peak", "mapped_weights", "weights", ...} in bytes, and "moment".
  nlohmann::ordered_json to_json() const;
  /// "1.9 GB are needed: 0.2 GB of mapped weights, 1.2 GB of activations, ..."
  std::string summary() const;
};

/// What a training with these options would take whose largest batch is `train`, and that of the
/// held-out set `valid`. Takes milliseconds to a second, and no memory that counts.
MemoryForecast forecast_memory(const TrainableModel& model, const TrainingOptions& options,
                               const BatchShape& train, const std::optional<BatchShape>& valid);

/// What the process may still take: the lesser of what the engine's memory limit leaves and of what
/// the machine has available.
size_t memory_at_hand();

/// "1.9 GB", "35 MB"
std::string memory_text(size_t bytes);

}  // namespace quern::models
