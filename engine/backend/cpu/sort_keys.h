#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/array/half.h"

namespace quern::cpu {

namespace detail {

template <size_t bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = uint64_t;
};

/// The bits of positive infinity; larger ones, but for the sign, are NaN. 0 for what is no float.
template <typename T>
constexpr uint64_t infinity_bits() {
  if constexpr (std::is_same_v<T, double>) return uint64_t(0x7FF) << 52;
  if constexpr (std::is_same_v<T, float>) return 0x7F800000;
  if constexpr (std::is_same_v<T, float16_t>) return 0x7C00;
  if constexpr (std::is_same_v<T, bfloat16_t>) return 0x7F80;
  return 0;
}

}  // namespace detail

/// The unsigned type of an element's width.
template <typename T>
using SortKey = typename detail::UnsignedOf<sizeof(T)>::type;

/// A real element as an unsigned number with the same order, NaN last and -0 before 0: all but
/// NaN's kind can be told from it.
template <typename T>
SortKey<T> sort_key(T x) {
  using Key = SortKey<T>;
  constexpr auto sign = Key(Key(1) << (8 * sizeof(Key) - 1));
  const auto bits = std::bit_cast<Key>(x);
  constexpr auto infinity = Key(detail::infinity_bits<T>());
  if constexpr (infinity != 0) {
    const auto negative = Key(0 - (bits >> (8 * sizeof(Key) - 1)));
    const bool is_nan = Key(bits & Key(~sign)) > infinity;
    return is_nan ? Key(~Key(0)) : Key(bits ^ (negative | sign));
  } else if constexpr (std::is_signed_v<T>) {
    return Key(bits ^ sign);
  } else {
    return bits;
  }
}

/// The element that has this key.
template <typename T>
T element_of(SortKey<T> key) {
  using Key = SortKey<T>;
  constexpr auto sign = Key(Key(1) << (8 * sizeof(Key) - 1));
  constexpr auto infinity = Key(detail::infinity_bits<T>());
  if constexpr (infinity != 0) {
    const auto negative = Key((key >> (8 * sizeof(Key) - 1)) - 1);
    const auto bits =
        key == Key(~Key(0)) ? Key(infinity | infinity >> 1) : Key(key ^ (negative | sign));
    return std::bit_cast<T>(bits);
  } else if constexpr (std::is_signed_v<T>) {
    return std::bit_cast<T>(Key(key ^ sign));
  } else {
    return std::bit_cast<T>(key);
  }
}

/// The same for an order that takes -0 for 0.
template <typename T>
SortKey<T> tied_sort_key(T x) {
  if constexpr (detail::infinity_bits<T>() != 0) {
    using Key = SortKey<T>;
    constexpr auto sign = Key(Key(1) << (8 * sizeof(Key) - 1));
    return std::bit_cast<Key>(x) == sign ? sign : sort_key(x);
  } else {
    return sort_key(x);
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
