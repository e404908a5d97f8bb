#include "engine/backend/cpu/quantized/integer_tiles.h"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

#include <cstring>

#ifdef __clang__
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
// What GCC 12's own header returns where nothing is to be kept.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif

namespace quern::cpu::avx512_vnni {
namespace {

using Integers = __m512i;
using Floats = __m512;
inline constexpr int vectors = 2, tile_rows = 8;
#define QUERN_TILE_ROWS 8

#include "engine/backend/cpu/matmul/transpose_avx512-inl.h"

inline Integers zero() { return _mm512_setzero_si512(); }
inline Floats zeros() { return _mm512_setzero_ps(); }
inline Floats set(float x) { return _mm512_set1_ps(x); }
inline Floats load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Floats v) { _mm512_storeu_ps(p, v); }
inline void store(uint8_t* p, Integers v) { _mm512_storeu_si512(p, v); }
inline Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Floats to_floats(Integers v) { return _mm512_cvtepi32_ps(v); }
inline Integers and_bytes(Integers v, char mask) {
  return _mm512_and_si512(v, _mm512_set1_epi8(mask));
}
template <int bits>
inline Integers shift_right(Integers v) {
  return _mm512_srli_epi32(v, bits);
}
inline Integers look_up(const uint8_t (&table)[16], Integers places) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(bytes), places);
}

template <int rows>
inline void add_products(const uint8_t* codes, const int8_t* x,
                         Integers (&products)[rows][vectors]) {
  HWY_UNROLL(4)
  for (int step = 0; step < 4; ++step) {
    const Integers w0 = _mm512_loadu_si512(codes + step * 8 * lanes);
    const Integers w1 = _mm512_loadu_si512(codes + step * 8 * lanes + 4 * lanes);
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      int word;
      std::memcpy(&word, x + (step * tile_rows + r) * 4, 4);
      const Integers repeated = _mm512_set1_epi32(word);
      products[r][0] = _mm512_dpbusd_epi32(products[r][0], w0, repeated);
      products[r][1] = _mm512_dpbusd_epi32(products[r][1], w1, repeated);
    }
  }
}

#include "engine/backend/cpu/quantized/integer_tiles-inl.h"

}  // namespace

const IntegerTiles tiles{panel_columns, tile_rows, pack, multiply};

}  // namespace quern::cpu::avx512_vnni

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // x86
