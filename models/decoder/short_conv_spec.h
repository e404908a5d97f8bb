#pragma once

#include "models/decoder/part_sizes.h"

namespace quern::models {

/// A gated short convolution (LFM2): b * x is mixed along the tokens, then gated by c. All three
/// are projections of the input, in the order b, c, x.
struct ShortConvSpec {
  int channels = 0;  ///< as many as the hidden size
  int kernel = 3;
  bool bias = false;  ///< of the convolution and the projections

  PartSizes sizes() const {
    return {6 * size_t(channels), 0, std::nullopt, size_t(kernel - 1) * size_t(channels)};
  }
};

}  // namespace quern::models
