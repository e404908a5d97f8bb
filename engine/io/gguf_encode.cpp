#include "engine/io/gguf_encode.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/backend/cpu/thread_pool.h"
#include "engine/io/gguf_layout.h"

namespace quern {

namespace {

using namespace gguf;

constexpr int most_levels = 63;
constexpr size_t elements_per_task = size_t(1) << 14;

template <typename T>
void write(uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

/// Writes the nearest half and returns what it means.
float write_half(uint8_t* to, float value) {
  const uint16_t bits = float16_t::round(value);
  write(to, bits);
  return float16_t::widen(bits);
}

/// The nearest whole number from low to high; low for NaN.
float nearest(float x, int low, int high) {
  constexpr float to_integer = 12582912;  // 1.5 * 2^23: adding it rounds, halves to even
  const float inside = x > float(low) ? std::min(x, float(high)) : float(low);
  return (inside + to_integer) - to_integer;
}

int rounded(float x, int low, int high) { return int(nearest(x, low, high)); }

/// The scale s for which s * q, q whole numbers from low to -low - 1, is nearest to x. The largest
/// magnitude falls on or near the end that reaches further; of the scales tried the best one, made
/// the least-squares fit of its q, is taken.
float fit_scale(const float* x, int n, int low) {
  float extreme = 0;
  for (int i = 0; i < n; ++i) {
    if (std::abs(x[i]) > std::abs(extreme)) extreme = x[i];
  }
  if (extreme == 0) return 0;
  float best = extreme / float(low), best_gain = -1;
  for (int step = -7; step <= 7; ++step) {
    const float inverse = (float(low) + 0.1f * float(step)) / extreme;
    float xq = 0, qq = 0;
    for (int i = 0; i < n; ++i) {
      const float q = nearest(x[i] * inverse, low, -low - 1);
      xq += x[i] * q;
      qq += q * q;
    }
    // The squared error is sum(x^2) - xq^2 / qq.
    if (qq > 0 && xq * xq > best_gain * qq) {
      best_gain = xq * xq / qq;
      best = xq / qq;
    }
  }
  return best;
}

struct ScaleAndMinimum {
  float scale;
  float minimum;  ///< x is near scale * q + minimum
};

/// The same for q from 0 to `levels` and a minimum, which is at most 0 if so asked.
ScaleAndMinimum fit_affine(const float* x, int n, int levels, bool at_most_zero) {
  const auto [low, high] = std::minmax_element(x, x + n);
  const float least = at_most_zero ? std::min(*low, 0.0f) : *low;
  if (*high <= least) return {0, least};
  ScaleAndMinimum best{(*high - least) / float(levels), least};
  float best_error = INFINITY;
  for (int step = -5; step <= 5; ++step) {
    const float inverse = (float(levels) + 0.1f * float(step)) / (*high - least);
    std::array<float, 32> q;
    float sum_q = 0, sum_qq = 0, sum_x = 0, sum_xq = 0;
    for (int i = 0; i < n; ++i) {
      q[size_t(i)] = nearest((x[i] - least) * inverse, 0, levels);
      sum_q += q[size_t(i)];
      sum_qq += q[size_t(i)] * q[size_t(i)];
      sum_x += x[i];
      sum_xq += x[i] * q[size_t(i)];
    }
    const float determinant = float(n) * sum_qq - sum_q * sum_q;
    if (determinant <= 0) continue;
    ScaleAndMinimum fit{(float(n) * sum_xq - sum_x * sum_q) / determinant,
                        (sum_qq * sum_x - sum_q * sum_xq) / determinant};
    if (at_most_zero && fit.minimum > 0) fit = {sum_xq / sum_qq, 0};
    float error = 0;
    for (int i = 0; i < n; ++i) {
      const float difference = fit.scale * q[size_t(i)] + fit.minimum - x[i];
      error += difference * difference;
    }
    if (error < best_error) {
      best_error = error;
      best = fit;
    }
  }
  return best;
}

/// Calls set(i, q) with the whole number for which scale * q + offset is nearest to x[i].
template <typename F>
void round_to(const float* x, int n, float scale, float offset, int low, int high, F&& set) {
  const float inverse = scale == 0 ? 0 : 1 / scale;
  for (int i = 0; i < n; ++i) set(i, rounded((x[i] - offset) * inverse, low, high));
}

void set_nibble(uint8_t* q, int i, int value) {
  q[i % 16] = uint8_t(i < 16 ? (q[i] & 0xf0) | value : (q[i - 16] & 0x0f) | value << 4);
}

void q4_0(const float* x, uint8_t* block) {
  const float d = write_half(block, fit_scale(x, 32, -8));
  round_to(x, 32, d, 0, -8, 7, [&](int i, int q) { set_nibble(block + 2, i, q + 8); });
}

void q4_1(const float* x, uint8_t* block) {
  const ScaleAndMinimum fit = fit_affine(x, 32, 15, false);
  const float d = write_half(block, fit.scale), m = write_half(block + 2, fit.minimum);
  round_to(x, 32, d, m, 0, 15, [&](int i, int q) { set_nibble(block + 4, i, q); });
}

void set_five_bits(uint8_t* high, uint8_t* low, int i, int value) {
  set_nibble(low, i, value & 15);
  auto bits = read<uint32_t>(high) & ~(1u << i);
  write(high, bits | uint32_t(value >> 4) << i);
}

void q5_0(const float* x, uint8_t* block) {
  const float d = write_half(block, fit_scale(x, 32, -16));
  round_to(x, 32, d, 0, -16, 15,
           [&](int i, int q) { set_five_bits(block + 2, block + 6, i, q + 16); });
}

void q5_1(const float* x, uint8_t* block) {
  const ScaleAndMinimum fit = fit_affine(x, 32, 31, false);
  const float d = write_half(block, fit.scale), m = write_half(block + 2, fit.minimum);
  round_to(x, 32, d, m, 0, 31, [&](int i, int q) { set_five_bits(block + 4, block + 8, i, q); });
}

void q8_0(const float* x, uint8_t* block) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::abs(x[i]));
  const float d = write_half(block, largest / 127);
  round_to(x, 32, d, 0, -127, 127, [&](int i, int q) { block[2 + i] = uint8_t(int8_t(q)); });
}

/// Fits the eight groups, writes d, the minima's d and their twelve bytes of multiples, and returns
/// what these mean.
SixBitScales write_six_bit_scales(const float* x, int levels, uint8_t* block) {
  std::array<ScaleAndMinimum, 8> fits;
  float largest_scale = 0, largest_minimum = 0;
  for (size_t g = 0; g < 8; ++g) {
    fits[g] = fit_affine(x + 32 * g, 32, levels, true);
    largest_scale = std::max(largest_scale, fits[g].scale);
    largest_minimum = std::max(largest_minimum, -fits[g].minimum);
  }
  const float d = write_half(block, largest_scale / most_levels);
  const float m = write_half(block + 2, largest_minimum / most_levels);
  uint8_t* packed = block + 4;
  std::fill_n(packed, 12, uint8_t(0));
  for (size_t g = 0; g < 8; ++g) {
    const int scale = d == 0 ? 0 : rounded(fits[g].scale / d, 0, most_levels);
    const int minimum = m == 0 ? 0 : rounded(-fits[g].minimum / m, 0, most_levels);
    if (g < 4) {
      packed[g] |= uint8_t(scale);
      packed[g + 4] |= uint8_t(minimum);
    } else {
      packed[g + 4] = uint8_t((scale & 15) | (minimum & 15) << 4);
      packed[g - 4] |= uint8_t(scale >> 4 << 6);
      packed[g] |= uint8_t(minimum >> 4 << 6);
    }
  }
  return SixBitScales(packed, d, m);
}

void set_far_nibble(uint8_t* q, int i, int value) {
  uint8_t& byte = q[i / 64 * 32 + i % 32];
  byte = uint8_t(i / 32 % 2 == 0 ? (byte & 0xf0) | value : (byte & 0x0f) | value << 4);
}

void q4_k(const float* x, uint8_t* block) {
  const SixBitScales s = write_six_bit_scales(x, 15, block);
  for (int g = 0; g < 8; ++g) {
    round_to(x + 32 * g, 32, s.scale[size_t(g)], -s.minimum[size_t(g)], 0, 15,
             [&](int i, int q) { set_far_nibble(block + 16, 32 * g + i, q); });
  }
}

void q5_k(const float* x, uint8_t* block) {
  const SixBitScales s = write_six_bit_scales(x, 31, block);
  uint8_t* high = block + 16;
  std::fill_n(high, 32, uint8_t(0));
  for (int g = 0; g < 8; ++g) {
    round_to(x + 32 * g, 32, s.scale[size_t(g)], -s.minimum[size_t(g)], 0, 31, [&](int i, int q) {
      set_far_nibble(block + 48, 32 * g + i, q & 15);
      high[i] |= uint8_t((q >> 4) << g);
    });
  }
}

void q6_k(const float* x, uint8_t* block) {
  std::array<float, 16> scales;
  float extreme = 0;
  for (size_t g = 0; g < 16; ++g) {
    scales[g] = fit_scale(x + 16 * g, 16, -32);
    if (std::abs(scales[g]) > std::abs(extreme)) extreme = scales[g];
  }
  std::fill_n(block, 210, uint8_t(0));
  const float d = write_half(block + 208, extreme / -128);
  for (int g = 0; g < 16; ++g) {
    const int multiple = d == 0 ? 0 : rounded(scales[size_t(g)] / d, -128, 127);
    block[192 + g] = uint8_t(int8_t(multiple));
    round_to(x + 16 * g, 16, d * float(multiple), 0, -32, 31, [&](int k, int q) {
      const int i = 16 * g + k, code = q + 32;
      block[i / 128 * 64 + i % 64] |= uint8_t((code & 15) << (i / 64 % 2 * 4));
      block[128 + i / 128 * 32 + i % 32] |= uint8_t((code >> 4) << (i / 32 % 4 * 2));
    });
  }
}

void f32(const float* x, uint8_t* block) { write(block, *x); }
void f16(const float* x, uint8_t* block) { write(block, float16_t::round(*x)); }
void bf16(const float* x, uint8_t* block) { write(block, bfloat16_t::round(*x)); }

struct Encoder {
  uint32_t type;
  void (*encode)(const float* x, uint8_t* block);
};

constexpr std::array<Encoder, 11> encoders = {{{0, f32},
                                               {1, f16},
                                               {2, q4_0},
                                               {3, q4_1},
                                               {6, q5_0},
                                               {7, q5_1},
                                               {8, q8_0},
                                               {12, q4_k},
                                               {13, q5_k},
                                               {14, q6_k},
                                               {30, bf16}}};

const Encoder* find_encoder(const GGUFType& type) {
  const auto found = std::find_if(encoders.begin(), encoders.end(),
                                  [&](const Encoder& row) { return row.type == type.id; });
  return found == encoders.end() ? nullptr : &*found;
}

}  // namespace

bool can_encode_gguf(const GGUFType& type) { return find_encoder(type) != nullptr; }

void encode_gguf_blocks(const GGUFType& type, const float* values, size_t count, uint8_t* blocks) {
  const Encoder* encoder = find_encoder(type);
  const size_t elements = type.block_elements;
  cpu::parallel_for(count / elements, elements_per_task / elements, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      encoder->encode(values + i * elements, blocks + i * type.block_bytes);
  });
}

}  // namespace quern
