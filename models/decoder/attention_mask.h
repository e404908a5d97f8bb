#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/array/array.h"

namespace quern::models {

/// Which keys a query may look at, as fast::scaled_dot_product_attention takes it.
struct AttentionMask {
  std::string mode;           ///< "", "causal" or "array"
  std::optional<array> keep;  ///< bool [T, S]
};

/// The masks of one step through the decoder: layers of the same kind share theirs.
class AttentionMasks {
 public:
  /// For the last `queries` of `keys` tokens, of which each sees itself and those before it,
  /// `window` in all when that is given.
  const AttentionMask& mask(int queries, int keys, std::optional<int> window);

 private:
  struct Entry {
    int queries, keys;
    std::optional<int> window;
    AttentionMask mask;
  };
  std::vector<Entry> entries_;
};

}  // namespace quern::models
