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

inline Integers load_codes(const uint8_t* p) { return _mm512_loadu_si512(p); }
/// The same 4 bytes in every lane.
inline Integers repeat(const int8_t* p) {
  int word;
  std::memcpy(&word, p, 4);
  return _mm512_set1_epi32(word);
}
inline Integers dot(Integers sums, Integers codes, Integers x) {
  return _mm512_dpbusd_epi32(sums, codes, x);
}

// In this order.
#include "engine/backend/cpu/quantized/unpack_words-inl.h"

#include "engine/backend/cpu/quantized/byte_products-inl.h"

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
