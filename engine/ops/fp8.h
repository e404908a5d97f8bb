#pragma once

#include "engine/array/array.h"

namespace quern {

// Floats of 8 bits (e4m3: sign, 4 bits of exponent, 3 of mantissa; Micikevicius et al. 2022), kept
// as uint8. There is no infinity; the largest is 448.

/// Each float rounded to the nearest e4m3, halves to even: uint8. What lies beyond 448, and NaN,
/// becomes 448 with its sign. Throws std::invalid_argument when x is no float.
array to_fp8(array x, StreamOrDevice s = {});

/// Each byte as the float that it means, in float16, bfloat16 or float32. Throws
/// std::invalid_argument when x is not uint8 or dtype is another one.
array from_fp8(array x, Dtype dtype, StreamOrDevice s = {});

}  // namespace quern
