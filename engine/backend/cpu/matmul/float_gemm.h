#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend/cpu/matmul/matrix.h"

namespace quern::cpu {

// The float32 matrix product, our own: Debian's OpenBLAS takes a processor newer than itself for
// one of 2004 and is then several times slower.
//
// Both operands are packed into panels that the registers' tile of the product reads from front to
// back (Goto & van de Geijn 2008): panels of gemm_tile_rows() rows of a, and of gemm_tile_columns()
// columns of b, each one depth step after the other, filled up with zeros. All of it runs on the
// calling thread.

int64_t gemm_tile_rows();
int64_t gemm_tile_columns();

/// Floats that a packed block takes.
size_t packed_rows_size(int64_t rows, int64_t depth);
size_t packed_columns_size(int64_t depth, int64_t columns);

/// Packs a [rows, depth] or b [depth, columns], of any strides.
void pack_rows(const Matrix<float>& a, float* out);
void pack_columns(const Matrix<float>& b, float* out);

/// What is added to a product: rows that lie `stride` apart; nothing when data is nullptr.
struct Addend {
  const float* data = nullptr;
  int64_t stride = 0;
};

/// c [rows, columns], dense along rows that lie c_stride apart: the product of packed blocks, plus
/// the addend, which may be c. Blocks should fit the second-level cache together, and `depth` steps
/// of a column panel the first: 256 is a good depth.
void multiply_packed(const float* a, int64_t rows, const float* b, int64_t columns, int64_t depth,
                     Addend addend, float* c, int64_t c_stride);

}  // namespace quern::cpu
