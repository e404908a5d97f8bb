// add_products of integer_tiles-inl.h for the sets whose instruction dot(sums, codes, x) sums four
// products of bytes in each lane.

template <Code code, int rows>
inline void add_products(const uint8_t* words, const int8_t* x,
                         Integers (&products)[rows][vectors]) {
  Integers w[vectors][4];
  HWY_UNROLL(2)
  for (int v = 0; v < vectors; ++v) unpack<code>(words + v * 4 * lanes, w[v]);
  HWY_UNROLL(4)
  for (int step = 0; step < 4; ++step) {
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      const Integers repeated = repeat(x + (step * tile_rows + r) * 4);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) products[r][v] = dot(products[r][v], w[v][step], repeated);
    }
  }
}
