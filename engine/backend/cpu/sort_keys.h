#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "engine/array/half.h"

namespace quern::cpu {

/// An element of at most 32 bits as an unsigned number with the same order: NaN last, -0 equal to
/// 0.
template <typename T>
uint32_t sort_key(T x) {
  if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
    return sort_key(float(x));
  } else if constexpr (std::is_same_v<T, float>) {
    if (std::isnan(x)) return UINT32_MAX;
    const auto bits = std::bit_cast<uint32_t>(x + 0.0f);  // -0 + 0 is 0
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  } else if constexpr (std::is_signed_v<T>) {
    return uint32_t(int32_t(x)) ^ 0x80000000u;
  } else {
    return uint32_t(x);
  }
}

/// Strict order of any elements: NaN last, complex numbers by real, then imaginary part.
template <typename T>
bool sorts_before(T a, T b) {
  if constexpr (std::is_same_v<T, complex64_t>) {
    if (a.real() == b.real()) return sorts_before(a.imag(), b.imag());
    return sorts_before(a.real(), b.real());
  } else if constexpr (std::is_integral_v<T>) {
    return a < b;
  } else {
    const auto x = std::conditional_t<std::is_same_v<T, double>, double, float>(a);
    const auto y = decltype(x)(b);
    return x < y || (std::isnan(y) && !std::isnan(x));
  }
}

}  // namespace quern::cpu
