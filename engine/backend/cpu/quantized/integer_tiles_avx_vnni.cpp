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

template <int rows>
inline void add_products(const uint8_t* codes, const int8_t* x,
                         Integers (&products)[rows][vectors]) {
  HWY_UNROLL(4)
  for (int step = 0; step < 4; ++step) {
    const Integers w0 = load_codes(codes + step * 8 * lanes);
    const Integers w1 = load_codes(codes + step * 8 * lanes + 4 * lanes);
    HWY_UNROLL(4)
    for (int r = 0; r < rows; ++r) {
      const Integers repeated = repeat(x + (step * tile_rows + r) * 4);
      products[r][0] = _mm256_dpbusd_avx_epi32(products[r][0], w0, repeated);
      products[r][1] = _mm256_dpbusd_avx_epi32(products[r][1], w1, repeated);
    }
  }
}

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
