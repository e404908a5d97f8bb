#include "engine/io/gguf_blocks.h"

#include <array>
#include <cmath>

#include "engine/io/gguf_layout.h"

namespace quern {

namespace {

using namespace gguf;

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
  const uint8_t *high = block, *q = block + 32;
  const float d = read_half(block + 108);
  fill<256>(out, [&](int i) {
    return d * float(q3_k_scale(block, i / 16)) *
           float(bit_pair(q, i) - (far_bit(high, i) ? 0 : 4));
  });
}

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
  const uint8_t* scales = block + 192;
  const float d = read_half(block + 208);
  fill<256>(out, [&](int i) {
    return d * float(int8_t(scales[i / 16])) * float(six_bits(block, i) - 32);
  });
}

void q8_k(const uint8_t* block, float* out) {
  const auto d = read<float>(block);
  fill<256>(out, [&](int i) { return d * float(int8_t(block[4 + i])); });
}

void iq4_nl(const uint8_t* block, float* out) {
  const float d = read_half(block);
  fill<32>(out, [&](int i) { return d * float(uneven[size_t(nibble(block + 2, i))]); });
}

void iq4_xs(const uint8_t* block, float* out) {
  const float d = read_half(block);
  const uint8_t* q = block + 8;
  fill<256>(out, [&](int i) {
    const int value = uneven[size_t(nibble(q + 16 * (i / 32), i % 32))];
    return d * float(iq4_xs_scale(block, i / 32)) * float(value);
  });
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
  const float d = read_half(block + 52);
  ternary_digits(block, [&](int digit) { *out++ = d * float(digit - 1); });
}

void tq2_0(const uint8_t* block, float* out) {
  const float d = read_half(block + 64);
  fill<256>(out, [&](int i) { return d * float(bit_pair(block, i) - 1); });
}

constexpr std::array<GGUFType, 35> types = {{
    {0, "F32", 1, 4, float32},
    {1, "F16", 1, 2, float16},
    {2, "Q4_0", 32, 18, {}, q4_0},
    {3, "Q4_1", 32, 20, {}, q4_1},
    {6, "Q5_0", 32, 22, {}, q5_0},
    {7, "Q5_1", 32, 24, {}, q5_1},
    {8, "Q8_0", 32, 34, {}, q8_0},
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
