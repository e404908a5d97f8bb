#include "engine/backend/cpu/matmul/bfloat16_gemm.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <hwy/base.h>
#include <immintrin.h>

#include <cstring>

#include "engine/backend/cpu/usable_targets.h"

#ifdef __clang__
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
#else
// What GCC 12's own header returns where nothing is to be kept.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
#endif

namespace quern::cpu::avx512_bf16 {
namespace {

#include "engine/backend/cpu/matmul/transpose_avx512-inl.h"

constexpr int tile_rows = bfloat16_tile_rows;
constexpr int64_t pair_elements = 2 * bfloat16_panel_columns;  ///< of a pair of every column

template <int rows>
void multiply_rows(const bfloat16_t* panel, const bfloat16_t* tile, int64_t pairs, bool add,
                   float* sums, int64_t sum_stride) {
  __m512 low[rows], high[rows];
  HWY_UNROLL(8)
  for (int r = 0; r < rows; ++r) low[r] = high[r] = _mm512_setzero_ps();
  for (int64_t k = 0; k < pairs; ++k) {
    const auto w0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel));
    const auto w1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + 2 * lanes));
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      int pair;
      std::memcpy(&pair, tile + 2 * r, 4);
      const auto repeated = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      low[r] = _mm512_dpbf16_ps(low[r], w0, repeated);
      high[r] = _mm512_dpbf16_ps(high[r], w1, repeated);
    }
    panel += pair_elements;
    tile += 2 * tile_rows;
  }
  HWY_UNROLL(8)
  for (int r = 0; r < rows; ++r) {
    float* to = sums + r * sum_stride;
    if (add) {
      low[r] = _mm512_add_ps(low[r], _mm512_loadu_ps(to));
      high[r] = _mm512_add_ps(high[r], _mm512_loadu_ps(to + lanes));
    }
    _mm512_storeu_ps(to, low[r]);
    _mm512_storeu_ps(to + lanes, high[r]);
  }
}

}  // namespace

void pack(const bfloat16_t* const* columns, int64_t pairs, bfloat16_t* panel) {
  const uint8_t* bytes[bfloat16_panel_columns];
  for (int64_t c = 0; c < bfloat16_panel_columns; ++c)
    bytes[c] = reinterpret_cast<const uint8_t*>(columns[c]);
  for (int64_t first = 0; first < bfloat16_panel_columns; first += lanes) {
    bfloat16_t* out = panel + 2 * first;
    for (int64_t pair = 0; pair < pairs; pair += lanes) {
      const int64_t n = pairs - pair < lanes ? pairs - pair : lanes;
      __m512i registers[lanes];
      transpose(bytes + first, 4 * pair, n, registers);
      for (int64_t i = 0; i < n; ++i, out += pair_elements) _mm512_storeu_si512(out, registers[i]);
    }
  }
}

void multiply(const bfloat16_t* panel, const bfloat16_t* tile, int64_t pairs, int64_t rows,
              bool add, float* sums, int64_t sum_stride) {
  constexpr decltype(&multiply_rows<1>) kernels[tile_rows] = {
      multiply_rows<1>, multiply_rows<2>, multiply_rows<3>, multiply_rows<4>,
      multiply_rows<5>, multiply_rows<6>, multiply_rows<7>, multiply_rows<8>};
  kernels[rows - 1](panel, tile, pairs, add, sums, sum_stride);
}

}  // namespace quern::cpu::avx512_bf16

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace quern::cpu::avx512_bf16 {

bool is_supported() {
  static const bool supported = [] {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return (usable_targets() & HWY_AVX3) != 0 &&
           __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 5 & 1) != 0;
  }();
  return supported;
}

}  // namespace quern::cpu::avx512_bf16

#else

namespace quern::cpu::avx512_bf16 {

bool is_supported() { return false; }
void pack(const bfloat16_t* const*, int64_t, bfloat16_t*) {}
void multiply(const bfloat16_t*, const bfloat16_t*, int64_t, int64_t, bool, float*, int64_t) {}

}  // namespace quern::cpu::avx512_bf16

#endif  // x86
