#pragma once

#include <cstdint>

#include "engine/array/half.h"

namespace quern::cpu {

/// A matrix in memory: element (i, j) is data[i * row_stride + j * column_stride]. Strides along an axis
/// of length 1 mean nothing.
template <typename T>
struct Matrix {
  const T* data;
  int64_t rows;
  int64_t columns;
  int64_t row_stride;
  int64_t column_stride;

  bool row_major() const { return columns == 1 || column_stride == 1; }
  bool column_major() const { return rows == 1 || row_stride == 1; }

  /// Whether gemm can read it where it lies: dense along one axis, no overlap along the other.
  bool blas_readable() const {
    return (row_major() && (rows == 1 || (row_stride >= columns && row_stride <= INT32_MAX))) ||
           (column_major() && (columns == 1 || (column_stride >= rows && column_stride <= INT32_MAX)));
  }

  Matrix block(int64_t row, int64_t row_count, int64_t column, int64_t column_count) const {
    return {data + row * row_stride + column * column_stride, row_count, column_count, row_stride,
            column_stride};
  }
};

// c = alpha * a @ b + beta * c on the calling thread, for blas_readable a [M, K] and b [K, N]; c is dense
// along its rows, which lie c_stride elements apart. c is not read when beta is 0. No length may be 0.

void gemm(const Matrix<float>& a, const Matrix<float>& b, float alpha, float beta, float* c,
          int64_t c_stride);
void gemm(const Matrix<double>& a, const Matrix<double>& b, float alpha, float beta, double* c,
          int64_t c_stride);
void gemm(const Matrix<complex64_t>& a, const Matrix<complex64_t>& b, float alpha, float beta,
          complex64_t* c, int64_t c_stride);

}  // namespace quern::cpu
