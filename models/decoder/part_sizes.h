#pragma once

#include <cstddef>
#include <optional>

namespace quern::models {

/// What a part of a layer needs in memory besides its weights, in elements of the compute dtype.
struct PartSizes {
  size_t activations_per_token = 0;  ///< at the most, while a prompt is read
  size_t cache_per_token = 0;
  std::optional<int> window;  ///< tokens that the cache keeps at most
  size_t state = 0;           ///< of the cache, whatever the number of tokens
};

}  // namespace quern::models
