#pragma once

#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/dot_rows.h"
#include "engine/backend/cpu/matmul/panel_gemm.h"

namespace quern::cpu {

// What products of float32 and half matrices share: half dtypes are widened on the way to the
// product and rounded once, when stored.

/// out = alpha * (a @ b) + beta * out.
struct Scaling {
  float alpha = 1;
  float beta = 0;
};

/// The block as float32: where it is, or widened into scratch in the orientation it lies in.
template <typename T>
Matrix<float> float_block(const Matrix<T>& block, float* scratch) {
  if constexpr (std::is_same_v<T, float>) return block;
  const int64_t rows = block.rows, columns = block.columns;
  if (!block.row_major() && block.column_major()) {
    for (int64_t j = 0; j < columns; ++j) {
      widen(block.data + j * block.column_stride, scratch + j * rows, size_t(rows));
    }
    return {scratch, rows, columns, 1, rows};
  }
  for (int64_t i = 0; i < rows; ++i) {
    widen_strided(block.data + i * block.row_stride, columns == 1 ? 1 : block.column_stride,
                  scratch + i * columns, size_t(columns));
  }
  return {scratch, rows, columns, columns, 1};
}

/// to = alpha * sums + beta * to. Overwrites the sums.
template <typename T>
void store_row(float* sums, T* to, int64_t n, Scaling scaling = {}) {
  if (scaling.alpha != 1 || scaling.beta != 0) {
    for (int64_t j = 0; j < n; ++j) {
      sums[j] = scaling.alpha * sums[j] + (scaling.beta == 0 ? 0 : scaling.beta * float(to[j]));
    }
  }
  narrow(sums, to, size_t(n));
}

/// The products of the rows of `wide` (each dense) with a few vectors (x: [vectors, wide.columns]):
/// that of row w and vector v goes to outs[v][w * wide_stride]. Splits the rows over the pool.
template <typename T, typename Out>
void dot_product(const Matrix<T>& wide, const float* x, size_t vectors, Out* const* outs,
                 int64_t wide_stride, Scaling scaling = {}) {
  const auto length = size_t(wide.columns);
  constexpr size_t block = 128;
  const size_t grain = std::max<size_t>(4, (size_t(1) << 15) / length / 4 * 4);
  parallel_for(size_t(wide.rows), grain, [&](size_t begin, size_t end) {
    float sums[dot_rows_most_vectors * block];
    for (size_t r = begin; r < end; r += block) {
      const size_t count = std::min(block, end - r);
      dot_rows(wide.data + int64_t(r) * wide.row_stride, wide.row_stride, count, x, vectors, length,
               sums, block);
      for (size_t v = 0; v < vectors; ++v) {
        Out* to = outs[v] + int64_t(r) * wide_stride;
        for (size_t i = 0; i < count; ++i) {
          Out& element = to[int64_t(i) * wide_stride];
          const float product = scaling.alpha * sums[v * block + i];
          element = Out(scaling.beta == 0 ? product : product + scaling.beta * float(element));
        }
      }
    }
  });
}

}  // namespace quern::cpu
