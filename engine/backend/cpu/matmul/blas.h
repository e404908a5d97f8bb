#pragma once

#include <cstdint>

#include "engine/array/half.h"
#include "engine/backend/cpu/matmul/matrix.h"

namespace quern::cpu {

/// To be called before anything of OpenBLAS: our pool splits the work, and its own threads would
/// come on top of it.
void keep_blas_single_threaded();

/// Whether gemm can read it where it lies: dense along one axis, no overlap along the other.
template <typename T>
bool blas_readable(const Matrix<T>& m) {
  return (m.row_major() &&
          (m.rows == 1 || (m.row_stride >= m.columns && m.row_stride <= INT32_MAX))) ||
         (m.column_major() &&
          (m.columns == 1 || (m.column_stride >= m.rows && m.column_stride <= INT32_MAX)));
}

// Products in float64 and complex64, by OpenBLAS; float32 has float_gemm.h.
//
// c = alpha * a @ b + beta * c on the calling thread, for blas_readable a [M, K] and b [K, N]; c is
// dense along its rows, which lie c_stride elements apart. c is not read when beta is 0. No length
// may be 0.

void gemm(const Matrix<double>& a, const Matrix<double>& b, float alpha, float beta, double* c,
          int64_t c_stride);
void gemm(const Matrix<complex64_t>& a, const Matrix<complex64_t>& b, float alpha, float beta,
          complex64_t* c, int64_t c_stride);

}  // namespace quern::cpu
