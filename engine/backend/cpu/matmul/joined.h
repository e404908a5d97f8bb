#pragma once

#include <vector>

#include "engine/backend/cpu/matmul/blas.h"
#include "engine/backend/cpu/matmul/float_product.h"

namespace quern::cpu {

/// Matrices of one size and layout from anywhere in memory, side by side:
/// [piece.rows, starts.size() * piece.columns]. piece.data means nothing.
template <typename T>
struct Joined {
  Matrix<T> piece;
  std::vector<const T*> starts;

  int64_t columns() const { return int64_t(starts.size()) * piece.columns; }
  Matrix<T> at(size_t i) const {
    Matrix<T> m = piece;
    m.data = starts[i];
    return m;
  }
};

/// The block [row, rows) x [column, columns) as float32: where it is, or put together in scratch.
template <typename T>
Matrix<float> float_block(const Joined<T>& m, int64_t row, int64_t rows, int64_t column,
                          int64_t columns, float* scratch) {
  const int64_t width = m.piece.columns;
  if (column / width == (column + columns - 1) / width) {
    return float_block(m.at(size_t(column / width)).block(row, rows, column % width, columns),
                       scratch);
  }
  const bool by_columns = m.piece.column_major() && !(width > 1 && m.piece.row_major());
  for (int64_t j = 0; j < columns;) {
    const int64_t at = (column + j) % width, count = std::min(width - at, columns - j);
    const Matrix<T> part = m.at(size_t((column + j) / width)).block(row, rows, at, count);
    if (by_columns) {
      for (int64_t k = 0; k < count; ++k) {
        widen(part.data + k * part.column_stride, scratch + (j + k) * rows, size_t(rows));
      }
    } else {
      for (int64_t i = 0; i < rows; ++i) {
        widen_strided(part.data + i * part.row_stride, count == 1 ? 1 : part.column_stride,
                      scratch + i * columns + j, size_t(count));
      }
    }
    j += count;
  }
  if (by_columns) return {scratch, rows, columns, 1, rows};
  return {scratch, rows, columns, columns, 1};
}

/// out [a.piece.rows, b.piece.rows] = the sum over i of a_i @ b_i^T, summed in float32 for half
/// dtypes and rounded once. float64 and complex64 pieces must be blas_readable. No length may be 0.
template <typename T>
void multiply_sum(const Joined<T>& a, const Joined<T>& b, T* out, int64_t out_stride) {
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, complex64_t>) {
    for (size_t i = 0; i < a.starts.size(); ++i) {
      gemm(a.at(i), b.at(i).transposed(), 1, i == 0 ? 0.0f : 1.0f, out, out_stride);
    }
  } else {
    const auto load_a = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float* scratch) {
      return float_block(a, row, rows, k, ks, scratch);
    };
    const auto load_b = [&](int64_t k, int64_t ks, int64_t column, int64_t columns,
                            float* scratch) {
      return float_block(b, column, columns, k, ks, scratch).transposed();
    };
    const auto store = [&](const Tiling::Tile& t, float* sums, int64_t stride) {
      for (int64_t i = 0; i < t.rows; ++i) {
        store_row(sums + i * stride, out + (t.row + i) * out_stride + t.column, t.columns);
      }
    };
    panel_gemm(a.piece.rows, b.piece.rows, a.columns(), load_a, load_b, store);
  }
}

/// outs[i] = a_i @ b, in T or float32, for matrices a_i that lie anywhere: the transposes of the
/// pieces of `a`. Rows of the outputs are b.columns apart. The same conditions.
template <typename T, typename Out>
void multiply_rows(const Joined<T>& a, const Matrix<T>& b, const std::vector<Out*>& outs) {
  const int64_t height = a.piece.columns, n = b.columns;
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, complex64_t>) {
    for (size_t i = 0; i < outs.size(); ++i) gemm(a.at(i).transposed(), b, 1, 0, outs[i], n);
  } else if (a.columns() <= dot_rows_most_vectors && b.column_major()) {
    const auto depth = size_t(a.piece.rows);
    Scratch<float> x(size_t(a.columns()) * depth);
    Out* rows[dot_rows_most_vectors];
    for (int64_t r = 0; r < a.columns(); ++r) {
      const T* from = a.starts[size_t(r / height)] + r % height * a.piece.column_stride;
      widen_strided(from, a.piece.row_stride, x.data() + size_t(r) * depth, depth);
      rows[r] = outs[size_t(r / height)] + r % height * n;
    }
    const Matrix<T> b_rows = b.transposed();
    dot_product(b_rows, x.data(), size_t(a.columns()), rows, 1);
  } else {
    const auto load_a = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float* scratch) {
      return float_block(a, k, ks, row, rows, scratch).transposed();
    };
    const auto load_b = [&](int64_t k, int64_t ks, int64_t column, int64_t columns,
                            float* scratch) {
      return float_block(b.block(k, ks, column, columns), scratch);
    };
    const auto store = [&](const Tiling::Tile& t, float* sums, int64_t stride) {
      for (int64_t i = 0; i < t.rows; ++i) {
        const int64_t row = t.row + i;
        store_row(sums + i * stride, outs[size_t(row / height)] + row % height * n + t.column,
                  t.columns);
      }
    };
    panel_gemm(a.columns(), n, b.rows, load_a, load_b, store);
  }
}

}  // namespace quern::cpu
