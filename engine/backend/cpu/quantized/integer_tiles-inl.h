// The tiles of integer_tiles.h over the operations of one instruction set. A file per set includes
// this inside its namespace and its target, after defining there
//
//   Integers, Floats       registers of `lanes` 32-bit lanes
//   vectors, tile_rows     registers side by side in a panel; rows of a tile
//   transpose(...)         and the small operations below
//   add_products<code>(...) 16 elements of every column and row, from unpack<code>(...)

inline constexpr int64_t panel_columns = int64_t(lanes) * vectors;

void pack(const uint8_t* const* rows, int64_t words, uint8_t* out) {
  for (int64_t v = 0; v < vectors; ++v) {
    uint8_t* to = out + v * 4 * lanes;
    for (int64_t word = 0; word < words; word += lanes) {
      const int64_t n = words - word < lanes ? words - word : lanes;
      Integers columns[lanes];
      transpose(rows + v * lanes, 4 * word, n, columns);
      for (int64_t i = 0; i < n; ++i, to += 4 * panel_columns) store(to, columns[i]);
    }
  }
}

template <Code code, int rows>
void multiply_rows(const IntegerPanel& panel, BytesAhead ahead, const IntegerTile& tile,
                   int64_t group_size, int64_t groups, bool add, float* sums, int64_t sum_stride) {
  constexpr int64_t unit_bytes = 16 / elements_per_byte(code) * panel_columns;
  const uint8_t* words = panel.words;
  const int8_t* x = tile.codes;
  for (int64_t g = 0; g < groups; ++g) {
    Integers products[rows][vectors];
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) products[r][v] = zero();
    }
    for (int64_t k = 0; k < group_size; k += 16) {
      for (int64_t i = 0; i < ahead.lines; ++i, ahead.first += 64)
        __builtin_prefetch(ahead.first, 0, 2);
      add_products<code>(words, x, products);
      words += unit_bytes;
      x += 16 * tile_rows;
    }
    Floats scales[vectors], biases[vectors];
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      scales[v] = load(panel.scales + g * panel_columns + v * lanes);
      biases[v] = load(panel.biases + g * panel_columns + v * lanes);
    }
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      const Floats x_scale = set(tile.scales[g * tile_rows + r]);
      const Floats x_sum = set(tile.sums[g * tile_rows + r]);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) {
        float* to = sums + r * sum_stride + v * lanes;
        const Floats biased = multiply_add(x_sum, biases[v], add || g > 0 ? load(to) : zeros());
        store(to, multiply_add(multiply(x_scale, scales[v]), to_floats(products[r][v]), biased));
      }
    }
  }
}

template <Code code>
void multiply_code(const IntegerPanel& panel, BytesAhead ahead, const IntegerTile& tile,
                   int64_t group_size, int64_t groups, bool add, float* sums, int64_t sum_stride) {
  constexpr decltype(&multiply_rows<code, 1>) kernels[] = {
    multiply_rows<code, 1>,
    multiply_rows<code, 2>,
    multiply_rows<code, 3>,
    multiply_rows<code, 4>,
#if QUERN_TILE_ROWS == 8
    multiply_rows<code, 5>,
    multiply_rows<code, 6>,
    multiply_rows<code, 7>,
    multiply_rows<code, 8>,
#endif
  };
  static_assert(sizeof(kernels) / sizeof(*kernels) == tile_rows);
  kernels[tile.rows - 1](panel, ahead, tile, group_size, groups, add, sums, sum_stride);
}

void multiply(const IntegerPanel& panel, BytesAhead ahead, const IntegerTile& tile,
              int64_t group_size, int64_t groups, bool add, float* sums, int64_t sum_stride) {
  switch (panel.code) {
    case Code::u2:
      return multiply_code<Code::u2>(panel, ahead, tile, group_size, groups, add, sums, sum_stride);
    case Code::u4:
      return multiply_code<Code::u4>(panel, ahead, tile, group_size, groups, add, sums, sum_stride);
    case Code::e2m1:
      return multiply_code<Code::e2m1>(panel, ahead, tile, group_size, groups, add, sums,
                                       sum_stride);
    default:
      return multiply_code<Code::u8>(panel, ahead, tile, group_size, groups, add, sums, sum_stride);
  }
}
