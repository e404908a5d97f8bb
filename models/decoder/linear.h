#pragma once

#include <vector>

#include "models/weights/weight_matrix.h"

namespace quern::models {

/// x @ W^T (+ bias), with a float or a quantized weight: whichever the checkpoint holds.
class Linear {
 public:
  /// Takes PATH.weight [out, in] and PATH.bias [out].
  Linear(WeightReader& reader, const std::string& path, int out, int in, bool bias);

  /// [..., in] -> [..., out].
  array operator()(const array& x) const {
    return bias_ ? weight_.project(x, *bias_) : weight_.project(x);
  }

  /// x through each of several, in order, whose weights are read in one go where they can be.
  static std::vector<array> apply_all(const array& x, const std::vector<const Linear*>& layers);

 private:
  WeightMatrix weight_;
  std::optional<array> bias_;
};

}  // namespace quern::models
