#pragma once

#include <optional>

#include "engine/array/array.h"
#include "models/decoder/rope_frequencies.h"

namespace quern::models {

/// Where the tokens of a pass are in their sequences.
struct Positions {
  array first;  ///< of each sequence's first token: int32, [] for all or [B]
  int end;      ///< one past the last of any
};

/// Rotary position embedding of queries or keys.
class Rope {
 public:
  /// head_dim: length of the last axis; dtype: that of what will turn. Throws ModelError when
  /// spec.dims is odd, not positive or above head_dim.
  Rope(const RopeSpec& spec, int head_dim, Dtype dtype);

  /// x: [B, H, T, head_dim], whose tokens are at these positions.
  array operator()(const array& x, const Positions& positions) const;
  array operator()(const array& x, int offset) const;

  /// Whether how far a token turns depends on how long its sequence is: then only sequences of one
  /// length turn together.
  bool depends_on_length() const { return spec_.config.kind == RopeConfig::Kind::dynamic; }

 private:
  RopeSpec spec_;
  array periods_;                   ///< [dims / 2]
  std::optional<array> amplitude_;  ///< [head_dim], absent when it is 1 everywhere
};

}  // namespace quern::models
