#pragma once

#include <bit>
#include <complex>
#include <cstdint>

namespace quern {

/// bfloat16: the upper half of a float32. Arithmetic goes through float32; storing rounds to
/// nearest even and keeps NaN a NaN.
struct bfloat16_t {
  uint16_t bits = 0;

  bfloat16_t() = default;
  template <typename T>
  requires std::is_arithmetic_v<T> bfloat16_t(T x) : bits(round(float(x))) {}
  operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }

  static uint16_t round(float x) {
    const uint32_t b = std::bit_cast<uint32_t>(x);
    if ((b & 0x7fffffffu) > 0x7f800000u) return uint16_t((b >> 16) | 0x40);
    return uint16_t((b + 0x7fff + ((b >> 16) & 1)) >> 16);
  }
};

/// IEEE binary16, likewise.
struct float16_t {
  uint16_t bits = 0;

  float16_t() = default;
  template <typename T>
  requires std::is_arithmetic_v<T> float16_t(T x) : bits(round(float(x))) {}
  operator float() const { return widen(bits); }

  static uint16_t round(float x) {
    const uint32_t b = std::bit_cast<uint32_t>(x);
    const uint16_t sign = uint16_t((b >> 16) & 0x8000);
    const uint32_t magnitude = b & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return uint16_t(sign | 0x7e00);
    if (magnitude >= 0x477ff000u) return uint16_t(sign | 0x7c00);  // rounds past 65504
    if (magnitude < 0x38800000u) {
      // Subnormal: adding 0.5 aligns the mantissa so that the addition itself rounds to nearest
      // even.
      const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
      return uint16_t(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
    }
    return uint16_t(sign | ((magnitude - 0x38000000u + 0xfff + ((magnitude >> 13) & 1)) >> 13));
  }

  static float widen(uint16_t h) {
    const uint32_t sign = uint32_t(h & 0x8000) << 16;
    const uint32_t magnitude = uint32_t(h & 0x7fff) << 13;
    if (magnitude >= 0x0f800000u) return std::bit_cast<float>(sign | (magnitude + 0x70000000u));
    if (magnitude < 0x00800000u) {
      const float value =
          std::bit_cast<float>(magnitude + 0x38800000u) - std::bit_cast<float>(0x38800000u);
      return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
    }
    return std::bit_cast<float>(sign | (magnitude + 0x38000000u));
  }
};

using complex64_t = std::complex<float>;

}  // namespace quern
