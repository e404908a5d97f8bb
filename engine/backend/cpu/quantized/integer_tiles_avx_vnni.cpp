#include "engine/backend/cpu/quantized/integer_tiles.h"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

#include <cstring>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avxvnni")
#endif

namespace quern::cpu::avx_vnni {
namespace {

#include "engine/backend/cpu/quantized/avx2_registers-inl.h"

inline Integers dot(Integers sums, Integers codes, Integers x) {
  return _mm256_dpbusd_avx_epi32(sums, codes, x);
}

// In this order.
#include "engine/backend/cpu/quantized/unpack_words-inl.h"

#include "engine/backend/cpu/quantized/byte_products-inl.h"

#include "engine/backend/cpu/quantized/integer_tiles-inl.h"

}  // namespace

const IntegerTiles tiles{panel_columns, tile_rows, pack, multiply};

}  // namespace quern::cpu::avx_vnni

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // x86
