// add_products of integer_tiles-inl.h for the sets whose instruction dot(sums, codes, x) sums four
// products of bytes in each lane.

template <int rows>
inline void add_products(const uint8_t* codes, const int8_t* x,
                         Integers (&products)[rows][vectors]) {
  HWY_UNROLL(4)
  for (int step = 0; step < 4; ++step) {
    const Integers w0 = load_codes(codes + step * 8 * lanes);
    const Integers w1 = load_codes(codes + step * 8 * lanes + 4 * lanes);
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      const Integers repeated = repeat(x + (step * tile_rows + r) * 4);
      products[r][0] = dot(products[r][0], w0, repeated);
      products[r][1] = dot(products[r][1], w1, repeated);
    }
  }
}
