#pragma once

#include <cstddef>

#include "engine/array/half.h"

namespace quern::cpu {

// n dense elements converted, on the calling thread, with the machine's best instructions. The
// ranges must not overlap. Rounds to nearest even; NaN stays NaN. Kernels that are themselves
// compiled per target include half_block-inl.h instead.

void widen(const float16_t* in, float* out, size_t n);
void widen(const bfloat16_t* in, float* out, size_t n);
void narrow(const float* in, float16_t* out, size_t n);
void narrow(const float* in, bfloat16_t* out, size_t n);

}  // namespace quern::cpu
