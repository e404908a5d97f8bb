#pragma once

#include <stop_token>
#include <vector>

#include "models/adapters/adapter_in_use.h"
#include "models/model_files.h"

namespace quern::models {

/// What became of the adapters' change of the weights.
struct MergeReport {
  int modules = 0;    ///< that were changed
  int quantized = 0;  ///< of these, those that were quantized again
  // Of the weights that were quantized again, as one long vector; rounding may erase what is small.
  double kept = 1;   ///< the part of the change that is left in its own direction
  double error = 0;  ///< the length of what rounding added, over the change's
};

/// Puts what the adapters make of the weights in the places of the weights, tensor by tensor when
/// they are first used: W + scale * up @ down, with DoRA's lengths of rows, and as much of each as
/// its strength says. quantize: weights that were quantized are so again, each in its own way
/// (groups of 16 and scales of a whole tensor, which MLX's files do not have, become 8 bits in
/// groups of 32), and measured, which takes as long as quantizing once more; else they become
/// floats, as what else is changed does.
///
/// Throws ModelError as Adapter::load does and for a full fine-tune with another strength than 1;
/// ConversionStopped.
MergeReport merge_adapters(const std::vector<AdapterInUse>& adapters, ModelFiles& files,
                           bool quantize, std::stop_token stop = {});

/// Reads the adapters in turn, putting those in the places of weights that are full fine-tunes; the
/// others are still to be applied. Throws ModelError as merge_adapters.
std::vector<class Adapter> load_adapters(const std::vector<AdapterInUse>& adapters,
                                         ModelFiles& files);

}  // namespace quern::models
