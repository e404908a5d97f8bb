// Included inside a namespace and a target with AVX-512 VBMI.

/// Where the bytes of eight elements' 64 bits come from, and where in these each element begins.
template <int bits>
struct Spreading {
  alignas(64) uint8_t bytes[64];
  alignas(64) uint8_t shifts[64];

  constexpr Spreading() : bytes(), shifts() {
    for (int i = 0; i < 64; ++i) {
      bytes[i] = uint8_t(i % 8 < bits ? i / 8 * bits + i % 8 : 63);
      shifts[i] = uint8_t(i % 8 * bits);
    }
  }
};
template <int bits>
inline constexpr Spreading<bits> spreading{};

/// One byte for each of 64 elements of 3, 5 or 6 bits, which the first bytes of `packed` hold.
template <int bits>
inline __m512i spread(__m512i packed) {
  const __m512i places = _mm512_load_si512(spreading<bits>.bytes);
  const __m512i shifts = _mm512_load_si512(spreading<bits>.shifts);
  const __m512i eights = _mm512_permutexvar_epi8(places, packed);
  return _mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, eights),
                          _mm512_set1_epi8((1 << bits) - 1));
}
