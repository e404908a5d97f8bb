// The loops for the instructions that the including file is compiled for. It includes nothing whose
// inline functions the rest of the program might share: they would need these instructions too.

#include <cstddef>

#include "bench/limits/limit_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quern::bench {

namespace {

#if defined(__AVX512BW__)
constexpr size_t width = 64, registers = 24;
#elif defined(__AVX2__)
constexpr size_t width = 32, registers = 12;
#else
constexpr size_t width = 16, registers = 12;
#endif

typedef float Floats __attribute__((vector_size(width)));
typedef long long Words __attribute__((vector_size(width)));

/// Makes the compiler believe that a register's value is used and may have changed.
template <typename Vector>
inline __attribute__((always_inline)) void keep(Vector& x) {
#if defined(__x86_64__)
  asm volatile("" : "+v"(x));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(x));
#else
  asm volatile("" : "+m"(x));
#endif
}

/// sum + products of bytes, four to each 32-bit number.
inline __attribute__((always_inline)) Words dot(Words sum, Words x, Words y) {
#if defined(__AVX512VNNI__)
  return Words(_mm512_dpbusd_epi32(__m512i(sum), __m512i(x), __m512i(y)));
#elif defined(__AVXVNNI__)
  return Words(_mm256_dpbusd_avx_epi32(__m256i(sum), __m256i(x), __m256i(y)));
#elif defined(__AVX512BW__)
  const __m512i pairs = _mm512_maddubs_epi16(__m512i(x), __m512i(y));
  return sum =
             Words(_mm512_add_epi32(__m512i(sum), _mm512_madd_epi16(pairs, _mm512_set1_epi16(1))));
#elif defined(__AVX2__)
  const __m256i pairs = _mm256_maddubs_epi16(__m256i(x), __m256i(y));
  return Words(_mm256_add_epi32(__m256i(sum), _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))));
#elif defined(__SSSE3__)
  const __m128i pairs = _mm_maddubs_epi16(__m128i(x), __m128i(y));
  return Words(_mm_add_epi32(__m128i(sum), _mm_madd_epi16(pairs, _mm_set1_epi16(1))));
#else
  // Without such an instruction: 16-bit products, each widened.
  typedef short Shorts __attribute__((vector_size(width)));
  typedef int Ints __attribute__((vector_size(width)));
  const Shorts even = (Shorts(x) >> 8) * (Shorts(y) >> 8);
  const Shorts odd = (Shorts(x) << 8 >> 8) * (Shorts(y) << 8 >> 8);
  const Shorts both = even + odd;
  return Words(Ints(sum) + (Ints(both) >> 16) + (Ints(both) << 16 >> 16));
#endif
}

/// Unrolled as all loops over registers are: else these would be memory.
template <typename Vector, size_t n>
inline __attribute__((always_inline)) void keep(Vector (&x)[n]) {
#pragma GCC unroll 24
  for (size_t k = 0; k < n; ++k) keep(x[k]);
}

void read(const char* from, size_t bytes) {
  Words sum[8] = {};
  for (size_t i = 0; i < bytes; i += 8 * width) {
    for (size_t k = 0; k < 8; ++k) sum[k] ^= *reinterpret_cast<const Words*>(from + i + k * width);
  }
  keep(sum);
}

inline __attribute__((always_inline)) void store_past_caches(char* to, Words x) {
#if defined(__AVX512BW__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), __m512i(x));
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), __m256i(x));
#elif defined(__x86_64__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), __m128i(x));
#else
  *reinterpret_cast<Words*>(to) = x;
#endif
}

void copy(const char* from, char* to, size_t bytes) {
  for (size_t i = 0; i < bytes; i += width)
    store_past_caches(to + i, *reinterpret_cast<const Words*>(from + i));
}

double float32(size_t rounds) {
  Floats sum[registers] = {}, x = {}, y = {};
  keep(sum);  // what is not known cannot be left out
  keep(y);
  for (size_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 24
    for (size_t k = 0; k < registers; ++k) {
      keep(x);  // no product is like another
      sum[k] += x * y;
    }
  }
  keep(sum);
  return double(rounds) * double(registers * 2 * (width / sizeof(float)));
}

double int8(size_t rounds) {
  Words sum[registers] = {}, x = {}, y = {};
  keep(sum);  // what is not known cannot be left out
  keep(y);
  for (size_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 24
    for (size_t k = 0; k < registers; ++k) {
      keep(x);
      sum[k] = dot(sum[k], x, y);
    }
  }
  keep(sum);
  return double(rounds) * double(registers * 2 * width);
}

}  // namespace

}  // namespace quern::bench
