#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "engine/array/half.h"

namespace quern::gguf {

// Where ggml's block types keep their elements. Blocks of 32 keep elements i and i + 16 in the low
// and high half of byte i; blocks of 256 ("K") are made of groups of 16 or 32 that have scales of
// their own, multiples of one for the whole block.

template <typename T>
T read(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

inline float read_half(const uint8_t* from) { return float16_t::widen(read<uint16_t>(from)); }

/// Element i of 32 nibbles in 16 bytes.
inline int nibble(const uint8_t* q, int i) { return i < 16 ? q[i] & 15 : q[i - 16] >> 4; }

/// Element i of 256 in pairs of bits: 4 to a byte, 32 apart.
inline int bit_pair(const uint8_t* q, int i) {
  return q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
}

/// Element i of 256 nibbles: 2 to a byte, 32 apart.
inline int far_nibble(const uint8_t* q, int i) {
  return q[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
}

/// Element i of 256 single bits: 8 to a byte, 32 apart.
inline int far_bit(const uint8_t* q, int i) { return q[i % 32] >> (i / 32) & 1; }

/// Element i of the 256 of 6 bits in a Q6_K block.
inline int six_bits(const uint8_t* block, int i) {
  const uint8_t *low = block, *high = block + 128;
  return (low[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15) | bit_pair(high, i) << 4;
}

/// The scales of the sixteen groups in a Q3_K block: 6 bits each, the low four first.
inline int q3_k_scale(const uint8_t* block, int g) {
  const uint8_t* packed = block + 96;
  const int low = g < 8 ? packed[g] & 15 : packed[g - 8] >> 4;
  return (low | (packed[8 + g % 4] >> (g / 4 * 2) & 3) << 4) - 32;
}

/// The scale of group g in an IQ4_XS block.
inline int iq4_xs_scale(const uint8_t* block, int g) {
  const auto high = read<uint16_t>(block + 2);
  return ((block[4 + g / 2] >> (g % 2 * 4) & 15) | (high >> (2 * g) & 3) << 4) - 32;
}

/// The scales and minima of eight groups of 32, each 6 bits, in 12 bytes: those of the last four
/// groups have their low halves in the last four bytes and their high bits above those of the first
/// four.
struct SixBitScales {
  SixBitScales(const uint8_t* packed, float d, float m) {
    for (size_t g = 0; g < 4; ++g) {
      scale[g] = d * float(packed[g] & 63);
      minimum[g] = m * float(packed[g + 4] & 63);
      scale[g + 4] = d * float((packed[g + 8] & 15) | packed[g] >> 6 << 4);
      minimum[g + 4] = m * float(packed[g + 8] >> 4 | packed[g + 4] >> 6 << 4);
    }
  }
  std::array<float, 8> scale{}, minimum{};
};

/// The sixteen values of IQ4_NL and IQ4_XS.
inline constexpr std::array<int, 16> uneven = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};

/// Digits of base 3 in a TQ1_0 block, five to a byte as the fraction byte / 256: multiplying moves
/// the next digit before the point. Calls f(digit) in order.
template <typename F>
void ternary_digits(const uint8_t* block, F&& f) {
  const auto digits = [&](const uint8_t* q, int bytes, int per_byte) {
    for (int n = 0, power = 1; n < per_byte; ++n, power *= 3) {
      for (int i = 0; i < bytes; ++i) f(uint8_t(q[i] * power) * 3 >> 8);
    }
  };
  digits(block, 32, 5);
  digits(block + 32, 16, 5);
  digits(block + 48, 4, 4);
}

}  // namespace quern::gguf
