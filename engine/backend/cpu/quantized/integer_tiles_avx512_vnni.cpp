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
inline constexpr int lanes = 16, vectors = 2, tile_rows = 8;
#define QUERN_TILE_ROWS 8

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

/// columns[i] = 32-bit word i of each of 16 rows, from byte `offset` on, for i < n.
inline void transpose(const uint8_t* const* rows, int64_t offset, int64_t n,
                      Integers (&columns)[lanes]) {
  const auto wanted = static_cast<__mmask16>((1u << n) - 1);
  __m512i a[16], b[16];
  for (int i = 0; i < 16; ++i) a[i] = _mm512_maskz_loadu_epi32(wanted, rows[i] + offset);
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
  }
  // a[i + j]: in its 128-bit part p, word 4 * p + j of rows i to i + 3.
  for (int i = 0; i < 16; i += 4) {
    a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
    a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
    a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
    a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
  }
  for (int j = 0; j < 4; ++j) {
    const __m512i low_even = _mm512_shuffle_i32x4(a[j], a[j + 4], 0x88);  // parts 0, 2
    const __m512i low_odd = _mm512_shuffle_i32x4(a[j], a[j + 4], 0xdd);   // parts 1, 3
    const __m512i high_even = _mm512_shuffle_i32x4(a[j + 8], a[j + 12], 0x88);
    const __m512i high_odd = _mm512_shuffle_i32x4(a[j + 8], a[j + 12], 0xdd);
    columns[j] = _mm512_shuffle_i32x4(low_even, high_even, 0x88);
    columns[j + 4] = _mm512_shuffle_i32x4(low_odd, high_odd, 0x88);
    columns[j + 8] = _mm512_shuffle_i32x4(low_even, high_even, 0xdd);
    columns[j + 12] = _mm512_shuffle_i32x4(low_odd, high_odd, 0xdd);
  }
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
