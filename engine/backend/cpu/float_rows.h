#pragma once

#include <cstddef>
#include <cstring>

#include "engine/backend/cpu/half_block.h"

namespace quern::cpu {

// Rows of any float of 16 or 32 bits as float32 and back: half_block.h with the cases that need no
// conversion or are not dense.

inline void widen(const float* in, float* out, size_t n) {
  if (n != 0) std::memcpy(out, in, n * sizeof(float));
}

inline void narrow(const float* in, float* out, size_t n) { widen(in, out, n); }

/// widen for elements that lie `stride` apart.
template <typename T>
void widen_strided(const T* in, ptrdiff_t stride, float* out, size_t n) {
  if (stride == 1) return widen(in, out, n);
  for (size_t i = 0; i < n; ++i) out[i] = float(in[ptrdiff_t(i) * stride]);
}

}  // namespace quern::cpu
