#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "models/model_files.h"
#include "models/weights/low_rank_update.h"

namespace quern::tests {

/// One adapter, for a computation in float64 that knows nothing of the one under test.
struct ReferenceAdapter {
  nn::Parameters parameters;
  double scale = 1;  ///< what up @ down is multiplied with
  double strength = 1;
};

/// The same model with the adapters in its weights: W + sum of what each changes of W by itself.
/// The weights that change become float32.
models::ModelFiles merged_reference(models::ModelFiles files,
                                    const std::vector<ReferenceAdapter>& adapters);

/// Values at random for lora_a, lora_b and m of such names and shapes: none is zero, m is about as
/// large as it was.
nn::Parameters random_like(const nn::Parameters& parameters, uint64_t seed);

/// Of tokens [1, T], in float32.
std::vector<float> logits_of(const models::ModelFiles& files, models::UpdateSource updates = {});

/// The largest |difference| / (1 + |expected|).
double largest_error(const std::vector<float>& found, const std::vector<float>& expected);

}  // namespace quern::tests
