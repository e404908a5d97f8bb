#pragma once

#include "engine/array/half.h"
#include "engine/backend/cpu/matmul/matrix.h"

namespace quern::cpu {

// Products of bfloat16 by the instructions that multiply pairs of them and sum in float32.

/// Whether this machine has such instructions, and the operands lie so that they are of use: rows
/// of a and columns of b dense, of an even length, and many enough to pack them.
bool has_bfloat16_gemm(const Matrix<bfloat16_t>& a, const Matrix<bfloat16_t>& b);

/// out = a @ b, rows of out `out_stride` apart, split over the pool.
void bfloat16_gemm(const Matrix<bfloat16_t>& a, const Matrix<bfloat16_t>& b, bfloat16_t* out,
                   int64_t out_stride);

/// The innermost part: panels of b and tiles of a hold pairs along the inner axis,
/// [pairs][bfloat16_panel_columns][2] and [pairs][bfloat16_tile_rows][2].
inline constexpr int64_t bfloat16_panel_columns = 32, bfloat16_tile_rows = 8;

namespace avx512_bf16 {

bool is_supported();

/// Packs `pairs` pairs of each of a panel's columns, each from where its pointer says.
void pack(const bfloat16_t* const* columns, int64_t pairs, bfloat16_t* panel);

/// sums[r][c] (+)= the product of the tile's row r with the panel's column c, for r < rows; rows of
/// sums lie sum_stride apart.
void multiply(const bfloat16_t* panel, const bfloat16_t* tile, int64_t pairs, int64_t rows,
              bool add, float* sums, int64_t sum_stride);

}  // namespace avx512_bf16

}  // namespace quern::cpu
