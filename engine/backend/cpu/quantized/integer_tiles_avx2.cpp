#include "engine/backend/cpu/quantized/integer_tiles.h"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

#include <cstring>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace quern::cpu::avx2 {
namespace {

#include "engine/backend/cpu/quantized/avx2_registers-inl.h"

// In this order.
#include "engine/backend/cpu/quantized/unpack_words-inl.h"

/// Four sums of two products each still fit 16 bits: 8 * 24 * 127 < 2^15.
template <Code code, int rows>
inline void add_products(const uint8_t* words, const int8_t* x,
                         Integers (&products)[rows][vectors]) {
  const Integers ones = _mm256_set1_epi16(1);
  HWY_UNROLL(2)
  for (int v = 0; v < vectors; ++v) {
    Integers w[4];
    unpack<code>(words + v * 4 * lanes, w);
    HWY_UNROLL(4)
    for (int r = 0; r < rows; ++r) {
      const auto pairs = [&](int step) {
        return _mm256_maddubs_epi16(w[step], repeat(x + (step * tile_rows + r) * 4));
      };
      const Integers sums = _mm256_add_epi16(_mm256_add_epi16(pairs(0), pairs(1)),
                                             _mm256_add_epi16(pairs(2), pairs(3)));
      products[r][v] = _mm256_add_epi32(products[r][v], _mm256_madd_epi16(sums, ones));
    }
  }
}

#include "engine/backend/cpu/quantized/integer_tiles-inl.h"

}  // namespace

const IntegerTiles tiles{panel_columns, tile_rows, pack, multiply};

}  // namespace quern::cpu::avx2

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // x86
