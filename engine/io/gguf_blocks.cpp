#include "engine/io/gguf_blocks.h"

#include <array>
#include <cmath>
#include <cstring>

#include "engine/array/half.h"

namespace quern {

namespace {

// The layouts below are those of ggml's block types. Blocks of 32 keep elements i and i + 16 in the
// low and high half of byte i; blocks of 256 ("K") are made of groups of 16 or 32 that have scales
// of their own, multiples of one for the whole block.

template <typename T>
T read(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

float read_half(const uint8_t* from) { return float16_t::widen(read<uint16_t>(from)); }

/// Element i of 32 nibbles in 16 bytes.
int nibble(const uint8_t* q, int i) { return i < 16 ? q[i] & 15 : q[i - 16] >> 4; }

/// Element i of 256 in pairs of bits: 4 to a byte, 32 apart.
int bit_pair(const uint8_t* q, int i) { return q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3; }

/// Element i of 256 nibbles: 2 to a byte, 32 apart.
int far_nibble(const uint8_t* q, int i) { return q[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15; }

/// Element i of 256 single bits: 8 to a byte, 32 apart.
int far_bit(const uint8_t* q, int i) { return q[i % 32] >> (i / 32) & 1; }

/// Calls f(i) for the elements of a block.
template <int n, typename F>
void fill(float* out, F&& f) {
  for (int i = 0; i < n; ++i) out[i] = f(i);
}

void q4_0(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<32>(out, [&](int i) { return d * float(nibble(block + 2, i) - 8); });
}

void q4_1(const uint8_t* block, float* out) {
  const float d = read_half(block), m = read_half(block + 2);
  fill<32>(out, [&](int i) { return d * float(nibble(block + 4, i)) + m; });
}

void q5_0(const uint8_t* block, float* out) {
  const float d = read_half(block);
  const auto high = read<uint32_t>(block + 2);
  fill<32>(out,
           [&](int i) { return d * float((nibble(block + 6, i) | int(high >> i & 1) << 4) - 16); });
}

void q5_1(const uint8_t* block, float* out) {
  const float d = read_half(block), m = read_half(block + 2);
  const auto high = read<uint32_t>(block + 4);
  fill<32>(out,
           [&](int i) { return d * float(nibble(block + 8, i) | int(high >> i & 1) << 4) + m; });
}

void q8_0(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<32>(out, [&](int i) { return d * float(int8_t(block[2 + i])); });
}

void q8_1(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<32>(out, [&](int i) { return d * float(int8_t(block[4 + i])); });
}

void q2_k(const uint8_t* block, float* out) {
  const uint8_t *scales = block, *q = block + 16;
  const float d = read_half(block + 80), m = read_half(block + 82);
  fill<256>(out, [&](int i) {
    const int s = scales[i / 16];
    return d * float(s & 15) * float(bit_pair(q, i)) - m * float(s >> 4);
  });
}

void q3_k(const uint8_t* block, float* out) {
  const uint8_t *high = block, *q = block + 32, *packed = block + 96;
  const float d = read_half(block + 108);
  std::array<float, 16> scales{};
  for (int g = 0; g < 16; ++g) {
    const int low = g < 8 ? packed[g] & 15 : packed[g - 8] >> 4;
    scales[size_t(g)] = d * float((low | (packed[8 + g % 4] >> (g / 4 * 2) & 3) << 4) - 32);
  }
  fill<256>(out, [&](int i) {
    return scales[size_t(i / 16)] * float(bit_pair(q, i) - (far_bit(high, i) ? 0 : 4));
  });
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

void q4_k(const uint8_t* block, float* out) {
  const SixBitScales s(block + 4, read_half(block), read_half(block + 2));
  fill<256>(out, [&](int i) {
    return s.scale[size_t(i / 32)] * float(far_nibble(block + 16, i)) - s.minimum[size_t(i / 32)];
  });
}

void q5_k(const uint8_t* block, float* out) {
  const SixBitScales s(block + 4, read_half(block), read_half(block + 2));
  fill<256>(out, [&](int i) {
    const int q = far_nibble(block + 48, i) | far_bit(block + 16, i) << 4;
    return s.scale[size_t(i / 32)] * float(q) - s.minimum[size_t(i / 32)];
  });
}

void q6_k(const uint8_t* block, float* out) {
  const uint8_t *low = block, *high = block + 128, *scales = block + 192;
  const float d = read_half(block + 208);
  fill<256>(out, [&](int i) {
    const int nibbles = low[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
    return d * float(int8_t(scales[i / 16])) * float((nibbles | bit_pair(high, i) << 4) - 32);
  });
}

void q8_k(const uint8_t* block, float* out) {
  const auto d = read<float>(block);
  fill<256>(out, [&](int i) { return d * float(int8_t(block[4 + i])); });
}

/// The sixteen values of IQ4_NL and IQ4_XS.
constexpr std::array<float, 16> uneven = {-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};

void iq4_nl(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<32>(out, [&](int i) { return d * uneven[size_t(nibble(block + 2, i))]; });
}

void iq4_xs(const uint8_t* block, float* out) {
  const float d = read_half(block);
  const auto high = read<uint16_t>(block + 2);
  const uint8_t *low = block + 4, *q = block + 8;
  for (int g = 0; g < 8; ++g) {
    const int scale = (low[g / 2] >> (g % 2 * 4) & 15) | (high >> (2 * g) & 3) << 4;
    fill<32>(out + 32 * g,
             [&](int i) { return d * float(scale - 32) * uneven[size_t(nibble(q + 16 * g, i))]; });
  }
}

/// The values of the OCP microscaling format's 4-bit floats.
constexpr std::array<float, 16> e2m1 = {0.f,  .5f,  1.f,  1.5f,  2.f,  3.f,  4.f,  6.f,
                                        -0.f, -.5f, -1.f, -1.5f, -2.f, -3.f, -4.f, -6.f};

void mxfp4(const uint8_t* block, float* out) {
  const float d = std::ldexp(1.0f, block[0] - 127);
  fill<32>(out, [&](int i) { return d * e2m1[size_t(nibble(block + 1, i))]; });
}

void nvfp4(const uint8_t* block, float* out) {
  for (int g = 0; g < 4; ++g) {
    // The scale is an e4m3 float without its sign.
    const int exponent = block[g] >> 3 & 15, mantissa = block[g] & 7;
    const bool is_nan = (block[g] & 127) == 127;
    const float d = is_nan          ? 0
                    : exponent == 0 ? std::ldexp(float(mantissa), -9)
                                    : std::ldexp(float(8 + mantissa), exponent - 10);
    const uint8_t* q = block + 4 + 8 * g;
    fill<16>(out + 16 * g,
             [&](int i) { return d * e2m1[size_t(i < 8 ? q[i] & 15 : q[i - 8] >> 4)]; });
  }
}

void q1_0(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<128>(out, [&](int i) { return block[2 + i / 8] >> i % 8 & 1 ? d : -d; });
}

void q2_0(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<64>(out, [&](int i) { return d * float((block[2 + i / 4] >> i % 4 * 2 & 3) - 1); });
}

void tq1_0(const uint8_t* block, float* out) {
  // Five digits of base 3 to a byte, as the fraction byte / 256: multiplying moves the next digit
  // before the point.
  const float d = read_half(block + 52);
  const auto digits = [&](const uint8_t* q, int bytes, int per_byte) {
    for (int n = 0, power = 1; n < per_byte; ++n, power *= 3) {
      for (int i = 0; i < bytes; ++i) *out++ = d * float((uint8_t(q[i] * power) * 3 >> 8) - 1);
    }
  };
  digits(block, 32, 5);
  digits(block + 32, 16, 5);
  digits(block + 48, 4, 4);
}

void tq2_0(const uint8_t* block, float* out) {
  const float d = read_half(block + 64);
  fill<256>(out, [&](int i) { return d * float(bit_pair(block, i) - 1); });
}

// Repacking

void pack_nibbles(const uint8_t* q, uint8_t* packed) {
  for (int i = 0; i < 16; ++i) {
    packed[i] = uint8_t(nibble(q, 2 * i) | nibble(q, 2 * i + 1) << 4);
  }
}

void repack_q4_0(const uint8_t* block, uint8_t* packed, uint16_t& scale, uint16_t& bias) {
  scale = read<uint16_t>(block);
  bias = float16_t::round(-8 * read_half(block));
  pack_nibbles(block + 2, packed);
}

void repack_q4_1(const uint8_t* block, uint8_t* packed, uint16_t& scale, uint16_t& bias) {
  scale = read<uint16_t>(block);
  bias = read<uint16_t>(block + 2);
  pack_nibbles(block + 4, packed);
}

void repack_q8_0(const uint8_t* block, uint8_t* packed, uint16_t& scale, uint16_t& bias) {
  scale = read<uint16_t>(block);
  bias = float16_t::round(-128 * read_half(block));
  for (int i = 0; i < 32; ++i) packed[i] = block[2 + i] ^ 0x80;
}

constexpr std::array<GGUFType, 35> types = {{
    {0, "F32", 1, 4, float32},
    {1, "F16", 1, 2, float16},
    {2, "Q4_0", 32, 18, {}, q4_0, repack_q4_0, 4},
    {3, "Q4_1", 32, 20, {}, q4_1, repack_q4_1, 4},
    {6, "Q5_0", 32, 22, {}, q5_0},
    {7, "Q5_1", 32, 24, {}, q5_1},
    {8, "Q8_0", 32, 34, {}, q8_0, repack_q8_0, 8},
    {9, "Q8_1", 32, 36, {}, q8_1},
    {10, "Q2_K", 256, 84, {}, q2_k},
    {11, "Q3_K", 256, 110, {}, q3_k},
    {12, "Q4_K", 256, 144, {}, q4_k},
    {13, "Q5_K", 256, 176, {}, q5_k},
    {14, "Q6_K", 256, 210, {}, q6_k},
    {15, "Q8_K", 256, 292, {}, q8_k},
    {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98},
    {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18, {}, iq4_nl},
    {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136, {}, iq4_xs},
    {24, "I8", 1, 1, int8},
    {25, "I16", 1, 2, int16},
    {26, "I32", 1, 4, int32},
    {27, "I64", 1, 8, int64},
    {28, "F64", 1, 8, float64},
    {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2, bfloat16},
    {34, "TQ1_0", 256, 54, {}, tq1_0},
    {35, "TQ2_0", 256, 66, {}, tq2_0},
    {39, "MXFP4", 32, 17, {}, mxfp4},
    {40, "NVFP4", 64, 36, {}, nvfp4},
    {41, "Q1_0", 128, 18, {}, q1_0},
    {42, "Q2_0", 64, 18, {}, q2_0},
}};

}  // namespace

const GGUFType* find_gguf_type(uint32_t id) {
  for (const GGUFType& type : types) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

const GGUFType* find_gguf_type(Dtype dtype) {
  for (const GGUFType& type : types) {
    if (type.dtype == dtype) return &type;
  }
  return nullptr;
}

}  // namespace quern
