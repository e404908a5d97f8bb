#include "engine/backend/cpu/quantized/integer_strips.h"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#ifdef __clang__
#pragma clang attribute push(                                                            \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi"))), \
    apply_to = function)
#else
// What GCC 12's own header returns where nothing is to be kept.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")
#endif

namespace quern::cpu::avx512_strips {
namespace {

#include "engine/backend/cpu/matmul/transpose_avx512-inl.h"
#include "engine/backend/cpu/quantized/spread_codes_avx512-inl.h"

constexpr int64_t word_elements(Code code) {
  return is_spread(code) ? 4 : 4 * elements_per_byte(code);
}
constexpr int64_t line_elements(Code code) { return lanes * word_elements(code); }

/// What fills `words` words of a register from a column.
template <Code code>
inline __m512i load_line(const uint8_t* p, int64_t words) {
  if constexpr (is_spread(code)) {
    constexpr int bits = bits_of(code);
    const __mmask64 wanted = (uint64_t(1) << (words * bits / 2)) - 1;
    return spread<bits>(_mm512_maskz_loadu_epi8(wanted, p));
  } else {
    return _mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << words) - 1), p);
  }
}

/// The bytes of the steps that a word of each column makes.
template <Code code>
inline void unpack(__m512i word, __m512i (&steps)[elements_per_byte(code)]) {
  if constexpr (code == Code::u2) {
    const __m512i mask = _mm512_set1_epi8(3);
    steps[0] = _mm512_and_si512(word, mask);
    steps[1] = _mm512_and_si512(_mm512_srli_epi32(word, 2), mask);
    steps[2] = _mm512_and_si512(_mm512_srli_epi32(word, 4), mask);
    steps[3] = _mm512_and_si512(_mm512_srli_epi32(word, 6), mask);
  } else if constexpr (elements_per_byte(code) == 2) {
    const __m512i mask = _mm512_set1_epi8(15);
    steps[0] = _mm512_and_si512(word, mask);
    steps[1] = _mm512_and_si512(_mm512_srli_epi32(word, 4), mask);
    if constexpr (code == Code::e2m1) {
      const __m512i table =
          _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(e2m1_bytes)));
      steps[0] = _mm512_shuffle_epi8(table, steps[0]);
      steps[1] = _mm512_shuffle_epi8(table, steps[1]);
    }
  } else {
    steps[0] = word;
  }
}

/// A line of each column becomes words with a column in each lane, in eight steps that go between
/// the products of the line before: otherwise the units that multiply would wait for those that
/// shuffle, and these for them. The first four steps:
template <Code code>
HWY_INLINE void begin_line(const uint8_t* const* columns, int64_t offset, int64_t words,
                           int64_t step, uint8_t* halves) {
  __m512i in[4], out[4];
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) in[i] = load_line<code>(columns[4 * step + i] + offset, words);
  transpose_words(in, out);
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) _mm512_store_si512(halves + (4 * step + i) * 64, out[i]);
}

/// The last four.
HWY_INLINE void end_line(const uint8_t* halves, int64_t step, uint8_t* words) {
  __m512i in[4], out[4];
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) in[i] = _mm512_load_si512(halves + (4 * i + step) * 64);
  transpose_parts(in, out);
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) _mm512_store_si512(words + (4 * i + step) * 64, out[i]);
}

/// Two words of each column times the tile's rows.
template <Code code, int rows>
HWY_INLINE void add_products(const uint8_t* words, const int8_t* x, __m512i (&products)[rows]) {
  constexpr int steps = int(elements_per_byte(code));
  HWY_UNROLL(2)
  for (int i = 0; i < 2; ++i) {
    __m512i codes[steps];
    unpack<code>(_mm512_load_si512(words + i * 64), codes);
    HWY_UNROLL(4)
    for (int step = 0; step < steps; ++step) {
      HWY_UNROLL(16)
      for (int r = 0; r < rows; ++r) {
        int four;
        std::memcpy(&four, x + 4 * ((i * steps + step) * rows + r), 4);
        products[r] = _mm512_dpbusd_epi32(products[r], codes[step], _mm512_set1_epi32(four));
      }
    }
  }
}

/// The sums with a group's products, which begin anew.
template <int rows>
HWY_INLINE void add_group(const float* scales, const float* biases, const float* x_scales,
                          const float* x_sums, bool add, float* sums, int64_t sum_stride,
                          __m512i (&products)[rows]) {
  const __m512 scale = _mm512_loadu_ps(scales), bias = _mm512_loadu_ps(biases);
  HWY_UNROLL(16)
  for (int r = 0; r < rows; ++r) {
    float* to = sums + r * sum_stride;
    const __m512 before = add ? _mm512_loadu_ps(to) : _mm512_setzero_ps();
    const __m512 biased = _mm512_fmadd_ps(_mm512_set1_ps(x_sums[r]), bias, before);
    const __m512 both = _mm512_mul_ps(_mm512_set1_ps(x_scales[r]), scale);
    _mm512_storeu_ps(to, _mm512_fmadd_ps(both, _mm512_cvtepi32_ps(products[r]), biased));
    products[r] = _mm512_setzero_si512();
  }
}

template <Code code, int rows>
void multiply_rows(const IntegerStrip& s, const IntegerTile& tile, float* sums,
                   int64_t sum_stride) {
  constexpr int64_t line = line_elements(code), line_bytes = line * bits_of(code) / 8;
  constexpr int64_t pair = 2 * word_elements(code);
  alignas(64) uint8_t halves[lanes * 64], words[2][lanes * 64];
  const int64_t depth = s.groups * s.group_size;
  const auto words_from = [&](int64_t k) {
    return std::min<int64_t>(lanes, (depth - k) / word_elements(code));
  };
  for (int64_t i = 0; i < 4; ++i) begin_line<code>(s.columns, 0, words_from(0), i, halves);
  for (int64_t i = 0; i < 4; ++i) end_line(halves, i, words[0]);

  __m512i products[rows];
  HWY_UNROLL(16)
  for (int r = 0; r < rows; ++r) products[r] = _mm512_setzero_si512();
  const int8_t* x = tile.codes;
  int64_t group = 0, left = s.group_size;
  // Fetching what is there costs little.
  const bool fetches = s.ahead.packed != nullptr;
  StripAhead ahead = s.ahead;
  if (!fetches) ahead = {s.columns[0], s.columns[0], s.columns[0], 0};
  const int64_t ahead_step = fetches ? lanes * word_elements(code) * bits_of(code) / 8 : 0;
  const auto multiply_pair = [&](const uint8_t* now) {
    __builtin_prefetch(ahead.packed, 0, 2);
    __builtin_prefetch(ahead.packed + ahead_step, 0, 2);
    ahead.packed += 2 * ahead_step;
    add_products<code>(now, x, products);
    x += pair * rows;
    left -= pair;
    if (left > 0) return;
    __builtin_prefetch(ahead.scales, 0, 2);
    __builtin_prefetch(ahead.biases, 0, 2);
    ahead.scales += ahead.parameter_bytes;
    ahead.biases += ahead.parameter_bytes;
    add_group(s.scales + group * lanes, s.biases + group * lanes, tile.scales + group * rows,
              tile.sums + group * rows, group > 0, sums, sum_stride, products);
    ++group;
    left = s.group_size;
  };
  for (int64_t k = 0, offset = 0, turn = 0; k < depth; k += line, turn = 1 - turn) {
    const uint8_t* now = words[turn];
    const int64_t pairs = words_from(k) / 2;
    // Behind the last line comes that line again, for nobody.
    const bool is_last = k + line >= depth;
    if (!is_last) offset += line_bytes;
    const int64_t count = words_from(is_last ? k : k + line);
    for (int64_t i = 0; i < 4 && i < pairs; ++i, now += 128) {
      begin_line<code>(s.columns, offset, count, i, halves);
      multiply_pair(now);
    }
    for (int64_t i = 4; i < pairs; ++i, now += 128) {
      end_line(halves, i - 4, words[1 - turn]);
      multiply_pair(now);
    }
  }
}

template <Code code>
void multiply_code(const IntegerStrip& strip, const IntegerTile& tile, float* sums,
                   int64_t sum_stride) {
  constexpr decltype(&multiply_rows<code, 2>) kernels[] = {
      multiply_rows<code, 2>,  multiply_rows<code, 4>,  multiply_rows<code, 6>,
      multiply_rows<code, 8>,  multiply_rows<code, 10>, multiply_rows<code, 12>,
      multiply_rows<code, 14>, multiply_rows<code, 16>};
  kernels[tile.rows / 2 - 1](strip, tile, sums, sum_stride);
}

}  // namespace

void transpose_floats(const uint8_t* const* columns, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += lanes) {
    const int64_t count = std::min<int64_t>(lanes, n - i);
    __m512i words[lanes];
    transpose(columns, 4 * i, count, words);
    for (int64_t j = 0; j < count; ++j) _mm512_storeu_si512(out + (i + j) * lanes, words[j]);
  }
}

void transpose_halves(ScaleKind kind, const uint8_t* const* columns, int64_t n, float* out) {
  const __m512i upper = _mm512_set1_epi32(int(0xffff0000));
  for (int64_t i = 0; i < n / 2; i += lanes) {
    const int64_t count = std::min<int64_t>(lanes, n / 2 - i);
    __m512i pairs[lanes];
    transpose(columns, 4 * i, count, pairs);
    for (int64_t j = 0; j < count; ++j) {
      float* to = out + (i + j) * 2 * lanes;
      if (kind == ScaleKind::bfloat16) {
        _mm512_storeu_si512(to, _mm512_slli_epi32(pairs[j], 16));
        _mm512_storeu_si512(to + lanes, _mm512_and_si512(pairs[j], upper));
      } else {
        _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm512_cvtepi32_epi16(pairs[j])));
        _mm512_storeu_ps(to + lanes,
                         _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(pairs[j], 16))));
      }
    }
  }
}

void multiply(const IntegerStrip& strip, const IntegerTile& tile, float* sums, int64_t sum_stride) {
  constexpr decltype(&multiply_code<Code::u2>) kernels[] = {
      multiply_code<Code::u2>,  multiply_code<Code::u3>, multiply_code<Code::u4>,
      multiply_code<Code::u5>,  multiply_code<Code::u6>, multiply_code<Code::u8>,
      multiply_code<Code::e2m1>};
  kernels[size_t(strip.code)](strip, tile, sums, sum_stride);
}

}  // namespace quern::cpu::avx512_strips

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else

namespace quern::cpu::avx512_strips {

void transpose_floats(const uint8_t* const*, int64_t, float*) {}
void transpose_halves(ScaleKind, const uint8_t* const*, int64_t, float*) {}
void multiply(const IntegerStrip&, const IntegerTile&, float*, int64_t) {}

}  // namespace quern::cpu::avx512_strips

#endif  // x86
