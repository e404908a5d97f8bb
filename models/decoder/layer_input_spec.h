#pragma once

#include "models/decoder/mlp_spec.h"
#include "models/decoder/norm_spec.h"

namespace quern::models {

/// What each layer gets of a token besides the stream (Gemma 3n): `size` elements of its own, from
/// a second embedding and from the first one.
struct LayerInputSpec {
  int size = 0;
  int vocab_size = 0;  ///< of the second embedding; tokens beyond it count as token 0
  Activation activation = Activation::gelu_tanh;  ///< of the gate in each layer
  NormSpec norm;
};

}  // namespace quern::models
