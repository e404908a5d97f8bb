// unpack of integer_tiles-inl.h, over the small operations of an instruction set.

/// The bytes of the four steps that 16 elements of each column of a register make, from their words
/// in a panel.
template <Code code>
inline void unpack(const uint8_t* words, Integers (&steps)[4]) {
  constexpr int64_t next = 4 * lanes * vectors;
  if constexpr (code == Code::u2) {
    const Integers word = load_codes(words);
    steps[0] = and_bytes(word, 3);
    steps[1] = and_bytes(shift_right<2>(word), 3);
    steps[2] = and_bytes(shift_right<4>(word), 3);
    steps[3] = and_bytes(shift_right<6>(word), 3);
  } else if constexpr (code == Code::u4 || code == Code::e2m1) {
    HWY_UNROLL(2)
    for (int i = 0; i < 2; ++i) {
      const Integers word = load_codes(words + i * next);
      steps[2 * i] = and_bytes(word, 15);
      steps[2 * i + 1] = and_bytes(shift_right<4>(word), 15);
    }
    if constexpr (code == Code::e2m1) {
      HWY_UNROLL(4)
      for (int i = 0; i < 4; ++i) steps[i] = look_up(e2m1_bytes, steps[i]);
    }
  } else {
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) steps[i] = load_codes(words + i * next);
  }
}
