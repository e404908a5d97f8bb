#include "engine/backend/cpu/fast/bfloat16_scores.h"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

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

/// A pair of elements of each of 16 keys, times that pair of every query.
template <int rows>
HWY_INLINE void add_pair(__m512i keys, const int32_t* queries, __m512 (&sums)[rows]) {
  const auto pair = reinterpret_cast<__m512bh>(keys);
  HWY_UNROLL(8)
  for (int r = 0; r < rows; ++r) {
    const auto query = reinterpret_cast<__m512bh>(_mm512_set1_epi32(queries[r]));
    sums[r] = _mm512_dpbf16_ps(sums[r], pair, query);
  }
}

/// The scores of 16 keys. What lies `ahead` bytes behind each is asked for bit by bit.
template <int rows>
HWY_INLINE void score_tile(const uint8_t* const* keys, int64_t pairs, int64_t ahead,
                           const int32_t* queries, __m512 (&sums)[rows]) {
  HWY_UNROLL(8)
  for (int r = 0; r < rows; ++r) sums[r] = _mm512_setzero_ps();
  for (int64_t pair = 0; pair < pairs; pair += lanes, queries += lanes * rows) {
    __m512i columns[lanes];
    if (pairs - pair >= lanes) {
      transpose(keys, 4 * pair, lanes, columns);
      HWY_UNROLL(16)
      for (int i = 0; i < lanes; ++i) {
        __builtin_prefetch(keys[i] + 4 * pair + ahead, 0, 2);
        add_pair<rows>(columns[i], queries + i * rows, sums);
      }
    } else {
      const int64_t left = pairs - pair;
      transpose(keys, 4 * pair, left, columns);
      for (int64_t i = 0; i < left; ++i) add_pair<rows>(columns[i], queries + i * rows, sums);
    }
  }
}

template <int rows>
void score_rows(const ScoredKeys& keys, const int32_t* queries, float scale, float* scores,
                int64_t score_stride) {
  const __m512 factor = _mm512_set1_ps(scale);
  const int64_t ahead = keys.ahead * keys.stride * int64_t(sizeof(bfloat16_t));
  for (int64_t first = 0; first < keys.count; first += lanes) {
    const uint8_t* tile[lanes];
    for (int64_t i = 0; i < lanes; ++i) {
      const int64_t key = first + i < keys.count ? first + i : keys.count - 1;
      tile[i] = reinterpret_cast<const uint8_t*>(keys.data + key * keys.stride);
    }
    __m512 sums[rows];
    score_tile<rows>(tile, keys.width / 2, ahead, queries, sums);
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r)
      _mm512_storeu_ps(scores + r * score_stride + first, _mm512_mul_ps(sums[r], factor));
  }
}

}  // namespace

void score_keys(const ScoredKeys& keys, const int32_t* queries, int64_t rows, float scale,
                float* scores, int64_t score_stride) {
  constexpr decltype(&score_rows<1>) kernels[most_scored_queries] = {
      score_rows<1>, score_rows<2>, score_rows<3>, score_rows<4>,
      score_rows<5>, score_rows<6>, score_rows<7>, score_rows<8>};
  kernels[rows - 1](keys, queries, scale, scores, score_stride);
}

}  // namespace quern::cpu::avx512_bf16

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else

namespace quern::cpu::avx512_bf16 {

void score_keys(const ScoredKeys&, const int32_t*, int64_t, float, float*, int64_t) {}

}  // namespace quern::cpu::avx512_bf16

#endif  // x86
