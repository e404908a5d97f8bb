#pragma once

#include <cstdint>
#include <mutex>

#include "engine/array/half.h"
#include "engine/backend/cpu/matmul/matrix.h"

namespace quern::cpu {

/// Exists around each call of OpenBLAS. Its own threads stay off, as our pool splits the work.
/// Builds that have none, such as Debian's serial one, do not guard the memory that calls share
/// either: theirs take turns, or results would be wrong now and then.
class BlasCall {
 public:
  BlasCall();

 private:
  std::unique_lock<std::mutex> turn_;
};

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
