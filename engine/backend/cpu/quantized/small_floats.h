#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace quern::cpu {

// Floats of 4 and 8 bits (Rouhani et al. 2023). Without branches, so that loops over them
// vectorise.

/// The nearest e4m3, halves to even; 448 with the sign for what is larger, and for NaN.
inline uint8_t to_e4m3(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = bits >> 24 & 0x80, magnitude = bits & 0x7fffffffu;
  const uint32_t normal = (magnitude - (120u << 23) + 0x7ffffu + ((magnitude >> 20) & 1)) >> 20;
  // Adding 2^14 aligns the mantissa to steps of 2^-9, so that the addition itself rounds.
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 16384.0f) - 0x46800000u;
  const uint32_t code = magnitude < 0x3c800000u ? subnormal : normal;
  const uint32_t largest = 0x7e, beyond = 0x43e00000u;  // 448
  return uint8_t(sign | (magnitude > beyond ? largest : code));
}

/// NaN's codes count on as 480, which nothing is rounded to.
inline float from_e4m3(uint8_t code) {
  const uint32_t magnitude = uint32_t(code & 0x7f) << 20, sign = uint32_t(code & 0x80) << 24;
  const float normal = std::bit_cast<float>(magnitude + (120u << 23));
  const float subnormal =
      std::bit_cast<float>(magnitude + (121u << 23)) - std::bit_cast<float>(uint32_t(121) << 23);
  const float value = magnitude < (1u << 23) ? subnormal : normal;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
}

/// The nearest e2m1 (0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives), halves to even; 6 with the
/// sign for what is larger, and for NaN.
inline uint8_t to_e2m1(float x) {
  const float y = std::abs(x);
  const int below = int(y <= 0.25f) + int(y < 0.75f) + int(y <= 1.25f) + int(y < 1.75f) +
                    int(y <= 2.5f) + int(y < 3.5f) + int(y <= 5.0f);
  return uint8_t((std::bit_cast<uint32_t>(x) >> 28 & 8) | uint32_t(7 - below));
}

inline float from_e2m1(uint8_t code) {
  constexpr float values[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6};
  return values[code & 15];
}

/// 2^(code - 127); 255 is NaN.
inline float from_e8m0(uint8_t code) {
  if (code == 255) return std::bit_cast<float>(0x7fc00000u);
  return std::bit_cast<float>(code == 0 ? 1u << 22 : uint32_t(code) << 23);
}

/// The code of the power of two that is nearest in its exponent; 2^0 for 0.
inline uint8_t to_e8m0(float x) {
  if (x == 0) return 127;
  const float exponent = std::nearbyint(std::log2(x));
  return uint8_t(std::isnan(exponent) ? 254.0f
                                      : std::fmin(std::fmax(exponent + 127, 0.0f), 254.0f));
}

}  // namespace quern::cpu
