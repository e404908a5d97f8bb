#pragma once

#include <cstdint>

#include "models/model_files.h"

namespace quern::models {

/// Random weights for a model that is to be trained from scratch, float32, in the names and shapes
/// of files.spec: matrices and embeddings normal with the config's initializer_range (0.02 when it
/// has none), those that write into the residual stream smaller by sqrt(2 * layers) (Radford et al.
/// 2019), biases 0, norms neutral. The same for the same seed.
///
/// Throws ModelError for a family whose layers are more than attention and MLPs.
Weights initial_weights(const ModelFiles& files, uint64_t seed);

}  // namespace quern::models
