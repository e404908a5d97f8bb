#pragma once

#include <cstdint>

namespace quern::cpu {

/// A matrix in memory: element (i, j) is data[i * row_stride + j * column_stride]. Strides along an
/// axis of length 1 mean nothing.
template <typename T>
struct Matrix {
  const T* data;
  int64_t rows;
  int64_t columns;
  int64_t row_stride;
  int64_t column_stride;

  bool row_major() const { return columns == 1 || column_stride == 1; }
  bool column_major() const { return rows == 1 || row_stride == 1; }

  Matrix transposed() const { return {data, columns, rows, column_stride, row_stride}; }

  Matrix block(int64_t row, int64_t row_count, int64_t column, int64_t column_count) const {
    return {data + row * row_stride + column * column_stride, row_count, column_count, row_stride,
            column_stride};
  }
};

}  // namespace quern::cpu
