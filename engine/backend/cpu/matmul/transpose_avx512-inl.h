// Included inside a namespace and a target with AVX-512.

inline constexpr int lanes = 16;

/// columns[i] = 32-bit word i of each of 16 rows, from byte `offset` on, for i < n.
inline void transpose(const uint8_t* const* rows, int64_t offset, int64_t n,
                      __m512i (&columns)[lanes]) {
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
