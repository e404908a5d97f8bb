// Included inside a namespace and a target with AVX-512.

inline constexpr int lanes = 16;

/// The first half of a transposition. out[j]: in its 128-bit part p, word 4 * p + j of the four
/// registers.
inline void transpose_words(const __m512i (&in)[4], __m512i (&out)[4]) {
  const __m512i low01 = _mm512_unpacklo_epi32(in[0], in[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(in[0], in[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(in[2], in[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(in[2], in[3]);
  out[0] = _mm512_unpacklo_epi64(low01, low23);
  out[1] = _mm512_unpackhi_epi64(low01, low23);
  out[2] = _mm512_unpacklo_epi64(high01, high23);
  out[3] = _mm512_unpackhi_epi64(high01, high23);
}

/// The second half. out[p]: the 128-bit parts p of the four registers.
inline void transpose_parts(const __m512i (&in)[4], __m512i (&out)[4]) {
  const __m512i low_even = _mm512_shuffle_i32x4(in[0], in[1], 0x88);  // parts 0, 2
  const __m512i low_odd = _mm512_shuffle_i32x4(in[0], in[1], 0xdd);   // parts 1, 3
  const __m512i high_even = _mm512_shuffle_i32x4(in[2], in[3], 0x88);
  const __m512i high_odd = _mm512_shuffle_i32x4(in[2], in[3], 0xdd);
  out[0] = _mm512_shuffle_i32x4(low_even, high_even, 0x88);
  out[1] = _mm512_shuffle_i32x4(low_odd, high_odd, 0x88);
  out[2] = _mm512_shuffle_i32x4(low_even, high_even, 0xdd);
  out[3] = _mm512_shuffle_i32x4(low_odd, high_odd, 0xdd);
}

/// columns[i] = 32-bit word i of each of 16 rows, from byte `offset` on, for i < n.
inline void transpose(const uint8_t* const* rows, int64_t offset, int64_t n,
                      __m512i (&columns)[lanes]) {
  const auto wanted = static_cast<__mmask16>((1u << n) - 1);
  __m512i halves[4][4];
  for (int i = 0; i < 4; ++i) {
    __m512i in[4];
    for (int r = 0; r < 4; ++r) in[r] = _mm512_maskz_loadu_epi32(wanted, rows[4 * i + r] + offset);
    transpose_words(in, halves[i]);
  }
  for (int j = 0; j < 4; ++j) {
    __m512i out[4];
    transpose_parts({halves[0][j], halves[1][j], halves[2][j], halves[3][j]}, out);
    for (int p = 0; p < 4; ++p) columns[4 * p + j] = out[p];
  }
}
