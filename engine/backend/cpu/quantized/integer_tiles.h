#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend/cpu/quantized/codes.h"

namespace quern::cpu {

// The innermost part of integer_gemm.h: what the instruction sets do differently.
//
// A panel holds some columns of a product's second factor (rows of the packed weight) as bytes: for
// each step of 4 elements the 4 bytes of every column. A tile holds some rows of the first factor:
// for each step the 4 bytes of every row. Within the bytes of one 32-bit word of the packed weight
// elements lie in the order in which masks find them: step_element() says which.

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

/// One panel: `depth` elements of each column.
struct IntegerPanel {
  const uint8_t* codes;  ///< [depth / 4][panel_columns][4]
  const float* scales;   ///< [depth / group_size][panel_columns], rows parameter_stride apart
  const float* biases;   ///< the same
  int64_t parameter_stride;
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

  /// Unpacks depth elements of panel_columns rows of a weight, each from where its pointer says;
  /// depth is a multiple of 16. The code is u2, u4, u8 (from bytes) or e2m1.
  void (*pack)(Code code, const uint8_t* const* rows, int64_t depth, uint8_t* codes);

  /// sums[r][c] (+)= the product of the tile's row r with the panel's column c, for r < tile.rows;
  /// rows of sums lie sum_stride apart.
  void (*multiply)(const IntegerPanel& panel, const IntegerTile& tile, int64_t group_size,
                   int64_t groups, bool add, float* sums, int64_t sum_stride);
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
