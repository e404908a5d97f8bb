#pragma once

#include "engine/array/array.h"
#include "engine/backend/cpu/conv/geometry.h"

namespace quern::cpu {

/// The outputs of one phase of a convolution whose groups have one input channel each, straight
/// from the definition: all channels of a position at once. `weight` is row-major; `out` is
/// allocated.
void depthwise_convolution(const ConvPhase& phase, const array& input, const array& weight,
                           array& out);

}  // namespace quern::cpu
