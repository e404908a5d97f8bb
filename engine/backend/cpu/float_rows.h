#pragma once

#include <cstddef>
#include <type_traits>

#include "engine/array/half.h"

namespace quern::cpu {

// Rows of n elements between float32 and what arrays hold. No alignment is needed; rows do not overlap.

void widen(const float* src, float* dst, size_t n);
void widen(const float16_t* src, float* dst, size_t n);
void widen(const bfloat16_t* src, float* dst, size_t n);

/// Rounds to nearest even.
void narrow(const float* src, float* dst, size_t n);
void narrow(const float* src, float16_t* dst, size_t n);
void narrow(const float* src, bfloat16_t* dst, size_t n);

/// widen for elements that lie `stride` apart.
template <typename T>
void widen_strided(const T* src, ptrdiff_t stride, float* dst, size_t n) {
  if (stride == 1) return widen(src, dst, n);
  for (size_t i = 0; i < n; ++i) dst[i] = float(src[ptrdiff_t(i) * stride]);
}

}  // namespace quern::cpu
