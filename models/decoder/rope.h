#pragma once

#include <optional>

#include "engine/array/array.h"
#include "models/decoder/rope_frequencies.h"

namespace quern::models {

/// Rotary position embedding of queries or keys.
class Rope {
 public:
  /// head_dim: length of the last axis; dtype: that of what will turn. Throws ModelError when
  /// spec.dims is odd, not positive or above head_dim.
  Rope(const RopeSpec& spec, int head_dim, Dtype dtype);

  /// x: [B, H, T, head_dim], whose first token has position `offset`.
  array operator()(const array& x, int offset) const;

 private:
  RopeSpec spec_;
  array periods_;                   ///< [dims / 2]
  std::optional<array> amplitude_;  ///< [head_dim], absent when it is 1 everywhere
};

}  // namespace quern::models
