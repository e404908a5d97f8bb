#pragma once

#include "engine/backend/cpu/quantized/integer_tiles.h"
#include "engine/backend/cpu/quantized/product.h"

namespace quern::cpu {

// The products of integer_gemm.h for few rows. Nothing is packed that memory has to hold: strips of
// 16 columns (rows of the packed weight) stream by, a cache line of each becomes registers with a
// column in each lane, and meets all rows of activations at once.

/// Whether this machine has such a kernel for so many rows and weights of this kind.
bool has_integer_strips(const PackedMatrix& w, int64_t rows);

/// As integer_gemm.
void integer_strips(const Product& p);

inline constexpr int64_t strip_columns = 16;
inline constexpr int64_t strip_most_tile_rows = 16;

/// What to fetch to the second-level cache while a strip is multiplied, in file order: bytes of
/// some later strip, and of its parameters as they are stored.
struct StripAhead {
  const uint8_t* packed;  ///< nullptr for nothing at all
  const uint8_t* scales;
  const uint8_t* biases;
  int64_t parameter_bytes;  ///< of each group's scales
};

struct IntegerStrip {
  Code code;
  int64_t groups, group_size;
  const uint8_t* columns[strip_columns];
  const float* scales;  ///< [groups][strip_columns]
  const float* biases;  ///< the same
  StripAhead ahead;
};

/// The innermost part: of processors with AVX-512 VNNI and VBMI.
namespace avx512_strips {

/// out[i][column] = parameter i, a float, for i < n.
void transpose_floats(const uint8_t* const* columns, int64_t n, float* out);

/// out[i][column] = parameter i, a float16 or bfloat16, for i < n, which is even.
void transpose_halves(ScaleKind kind, const uint8_t* const* columns, int64_t n, float* out);

/// sums[r][c] = the product of the tile's row r, of an even number of them, with the strip's column
/// c; rows of sums lie sum_stride apart.
void multiply(const IntegerStrip& strip, const IntegerTile& tile, float* sums, int64_t sum_stride);

}  // namespace avx512_strips

}  // namespace quern::cpu
