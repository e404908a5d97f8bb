// The registers of 256 bits of integer_tiles-inl.h, for the sets that differ in how they multiply.

using Integers = __m256i;
using Floats = __m256;
inline constexpr int lanes = 8, vectors = 2, tile_rows = 4;
#define QUERN_TILE_ROWS 4

inline Integers zero() { return _mm256_setzero_si256(); }
inline Floats zeros() { return _mm256_setzero_ps(); }
inline Floats set(float x) { return _mm256_set1_ps(x); }
inline Floats load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Floats v) { _mm256_storeu_ps(p, v); }
inline Integers load_codes(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(uint8_t* p, Integers v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
inline Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline Floats to_floats(Integers v) { return _mm256_cvtepi32_ps(v); }
inline Integers and_bytes(Integers v, char mask) {
  return _mm256_and_si256(v, _mm256_set1_epi8(mask));
}
template <int bits>
inline Integers shift_right(Integers v) {
  return _mm256_srli_epi32(v, bits);
}
inline Integers look_up(const uint8_t (&table)[16], Integers places) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), places);
}
/// The same 4 bytes in every lane.
inline Integers repeat(const int8_t* p) {
  int word;
  std::memcpy(&word, p, 4);
  return _mm256_set1_epi32(word);
}

/// columns[i] = 32-bit word i of each of 8 rows, from byte `offset` on, for i < n.
inline void transpose(const uint8_t* const* rows, int64_t offset, int64_t n,
                      Integers (&columns)[lanes]) {
  const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(int(n)), index);
  __m256i row[8], pair[8];
  for (int i = 0; i < 8; ++i)
    row[i] = _mm256_maskload_epi32(reinterpret_cast<const int*>(rows[i] + offset), wanted);
  for (int i = 0; i < 8; i += 2) {
    pair[i] = _mm256_unpacklo_epi32(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_epi32(row[i], row[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    row[i] = _mm256_unpacklo_epi64(pair[i], pair[i + 2]);
    row[i + 1] = _mm256_unpackhi_epi64(pair[i], pair[i + 2]);
    row[i + 2] = _mm256_unpacklo_epi64(pair[i + 1], pair[i + 3]);
    row[i + 3] = _mm256_unpackhi_epi64(pair[i + 1], pair[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    columns[i] = _mm256_permute2x128_si256(row[i], row[i + 4], 0x20);
    columns[i + 4] = _mm256_permute2x128_si256(row[i], row[i + 4], 0x31);
  }
}
