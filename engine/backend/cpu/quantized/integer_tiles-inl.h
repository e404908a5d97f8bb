// The tiles of integer_tiles.h over the operations of one instruction set. A file per set includes
// this inside its namespace and its target, after defining there
//
//   Integers, Floats       registers of `lanes` 32-bit lanes
//   vectors, tile_rows     registers side by side in a panel; rows of a tile
//   transpose(...)         and the small operations below
//   add_products(...)      16 elements of every column and row

inline constexpr int64_t panel_columns = int64_t(lanes) * vectors;

/// Writes the bytes of one register of packed words, a field at a time.
template <Code code>
inline void unpack_words(Integers words, uint8_t* out) {
  constexpr int64_t step_bytes = 4 * panel_columns;
  if constexpr (code == Code::u8) {
    store(out, words);
  } else if constexpr (code == Code::u2) {
    store(out, and_bytes(words, 3));
    store(out + step_bytes, and_bytes(shift_right<2>(words), 3));
    store(out + 2 * step_bytes, and_bytes(shift_right<4>(words), 3));
    store(out + 3 * step_bytes, and_bytes(shift_right<6>(words), 3));
  } else {
    const Integers even = and_bytes(words, 15), odd = and_bytes(shift_right<4>(words), 15);
    store(out, code == Code::e2m1 ? look_up(e2m1_bytes, even) : even);
    store(out + step_bytes, code == Code::e2m1 ? look_up(e2m1_bytes, odd) : odd);
  }
}

template <Code code>
void pack_codes(const uint8_t* const* rows, int64_t depth, uint8_t* codes) {
  constexpr int64_t per_byte = elements_per_byte(code), word_elements = 4 * per_byte;
  const int64_t words = depth / word_elements;
  for (int64_t v = 0; v < vectors; ++v) {
    uint8_t* out = codes + v * 4 * lanes;
    for (int64_t word = 0; word < words; word += lanes) {
      const int64_t n = words - word < lanes ? words - word : lanes;
      Integers columns[lanes];
      transpose(rows + v * lanes, 4 * word, n, columns);
      for (int64_t i = 0; i < n; ++i, out += per_byte * 4 * panel_columns) {
        unpack_words<code>(columns[i], out);
      }
    }
  }
}

void pack(Code code, const uint8_t* const* rows, int64_t depth, uint8_t* codes) {
  switch (code) {
    case Code::u2:
      return pack_codes<Code::u2>(rows, depth, codes);
    case Code::u4:
      return pack_codes<Code::u4>(rows, depth, codes);
    case Code::e2m1:
      return pack_codes<Code::e2m1>(rows, depth, codes);
    default:
      return pack_codes<Code::u8>(rows, depth, codes);
  }
}

template <int rows>
void multiply_rows(const IntegerPanel& panel, const IntegerTile& tile, int64_t group_size,
                   int64_t groups, bool add, float* sums, int64_t sum_stride) {
  const uint8_t* codes = panel.codes;
  const int8_t* x = tile.codes;
  for (int64_t g = 0; g < groups; ++g) {
    Integers products[rows][vectors];
    HWY_UNROLL(8)
    for (int r = 0; r < rows; ++r) {
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) products[r][v] = zero();
    }
    for (int64_t k = 0; k < group_size; k += 16) {
      add_products<rows>(codes, x, products);
      codes += 16 * panel_columns;
      x += 16 * tile_rows;
    }
    Floats scales[vectors], biases[vectors];
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      scales[v] = load(panel.scales + g * panel.parameter_stride + v * lanes);
      biases[v] = load(panel.biases + g * panel.parameter_stride + v * lanes);
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

void multiply(const IntegerPanel& panel, const IntegerTile& tile, int64_t group_size,
              int64_t groups, bool add, float* sums, int64_t sum_stride) {
  constexpr decltype(&multiply_rows<1>) kernels[] = {
    multiply_rows<1>,
    multiply_rows<2>,
    multiply_rows<3>,
    multiply_rows<4>,
#if QUERN_TILE_ROWS == 8
    multiply_rows<5>,
    multiply_rows<6>,
    multiply_rows<7>,
    multiply_rows<8>,
#endif
  };
  static_assert(sizeof(kernels) / sizeof(*kernels) == tile_rows);
  kernels[tile.rows - 1](panel, tile, group_size, groups, add, sums, sum_stride);
}
