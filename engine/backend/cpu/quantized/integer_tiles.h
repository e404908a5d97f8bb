#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend/cpu/quantized/codes.h"

namespace quern::cpu {

// The innermost part of integer_gemm.h: what the instruction sets do differently.
//
// A panel holds some columns of a product's second factor (rows of the packed weight) as 32-bit
// words of the weight: each word of every column. Masks make bytes of a word, for each step of 4
// elements those of every column. A tile holds some rows of the first factor: for each step the 4
// bytes of every row, in the order in which the masks find the word's elements: step_element() says
// which.

/// Elements that a byte of the packed weight holds, where it is unpacked by masks; 1 for codes
/// that become bytes first.
constexpr int64_t elements_per_byte(Code code) {
  return code == Code::u2 ? 4 : code == Code::u4 || code == Code::e2m1 ? 2 : 1;
}

/// The element that byte `byte` of step `step` holds.
constexpr int64_t step_element(int64_t per_byte, int64_t step, int64_t byte) {
  return step / per_byte * (4 * per_byte) + byte * per_byte + step % per_byte;
}

/// An e2m1 is doubled and made positive: 2 * value + e2m1_zero.
inline constexpr int e2m1_zero = 12;
inline constexpr uint8_t e2m1_bytes[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                           12, 11, 10, 9,  8,  6,  4,  0};

/// One panel: some elements of each column.
struct IntegerPanel {
  Code code;             ///< u2, u4, u8 or e2m1
  const uint8_t* words;  ///< [depth / elements_per_byte(code) / 4][panel_columns][4]
  const float* scales;   ///< [depth / group_size][panel_columns]
  const float* biases;   ///< the same
};

/// What to fetch to the second-level cache while a tile is multiplied: some cache lines for every
/// 16 elements, in file order.
struct BytesAhead {
  const uint8_t* first;
  int64_t lines;
};

/// One tile's part that meets a panel.
struct IntegerTile {
  const int8_t* codes;  ///< [depth / 4][tile_rows][4]
  const float* scales;  ///< [depth / group_size][tile_rows]
  const float* sums;    ///< of the elements themselves: the same
  int64_t rows;         ///< that are wanted of it
};

struct IntegerTiles {
  int64_t panel_columns;
  int64_t tile_rows;

  /// out[word][column] = words of 32 bits, of panel_columns rows, each from where its pointer says.
  void (*pack)(const uint8_t* const* rows, int64_t words, uint8_t* out);

  /// sums[r][c] (+)= the product of the tile's row r with the panel's column c, for r < tile.rows;
  /// rows of sums lie sum_stride apart.
  void (*multiply)(const IntegerPanel& panel, BytesAhead ahead, const IntegerTile& tile,
                   int64_t group_size, int64_t groups, bool add, float* sums, int64_t sum_stride);
};

/// What this processor does best for a weight in this encoding; nullptr when that is none of these.
const IntegerTiles* integer_tiles(Code code);

namespace avx512_vnni {
extern const IntegerTiles tiles;
}
namespace avx_vnni {
extern const IntegerTiles tiles;
}
namespace avx2 {
/// Sums of products of 8 bits must fit 16: only for codes of up to 4 bits.
extern const IntegerTiles tiles;
}  // namespace avx2

}  // namespace quern::cpu
