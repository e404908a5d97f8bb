#pragma once

#include <string>

#include "engine/ops/arithmetic.h"
#include "models/decoder/linear.h"
#include "models/decoder/norm.h"

namespace quern::models {

/// A learned augmented residual layer of low rank (Menghani et al. 2024): a way around attention.
class Laurel {
 public:
  /// Takes PATH.linear_left, linear_right and post_laurel_norm.
  Laurel(WeightReader& reader, const std::string& path, int rank, const NormSpec& norm,
         int hidden_size)
      : left_(reader, path + ".linear_left", rank, hidden_size, false),
        right_(reader, path + ".linear_right", hidden_size, rank, false),
        norm_(reader, path + ".post_laurel_norm", norm, hidden_size) {}

  /// [B, T, hidden_size] -> the same shape and dtype.
  array operator()(const array& x) const { return add(x, norm_(right_(left_(x)))); }

 private:
  Linear left_, right_;
  Norm norm_;
};

}  // namespace quern::models
