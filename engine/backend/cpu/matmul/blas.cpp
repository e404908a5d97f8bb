#include "engine/backend/cpu/matmul/blas.h"

#include <cblas.h>

namespace quern::cpu {

namespace {

struct Layout {
  CBLAS_TRANSPOSE transpose;
  blasint leading;
};

template <typename T>
Layout layout_of(const Matrix<T>& m) {
  if (m.row_major() && (m.rows == 1 || m.row_stride >= m.columns)) {
    return {CblasNoTrans, blasint(m.rows == 1 ? m.columns : m.row_stride)};
  }
  return {CblasTrans, blasint(m.columns == 1 ? m.rows : m.column_stride)};
}

}  // namespace

BlasCall::BlasCall() {
  static std::mutex turn;
  static const bool takes_turns = [] {
    openblas_set_num_threads(1);
    return openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
  }();
  if (takes_turns) turn_ = std::unique_lock(turn);
}

void gemm(const Matrix<double>& a, const Matrix<double>& b, float alpha, float beta, double* c,
          int64_t c_stride) {
  const BlasCall call;
  const Layout la = layout_of(a), lb = layout_of(b);
  cblas_dgemm(CblasRowMajor, la.transpose, lb.transpose, blasint(a.rows), blasint(b.columns),
              blasint(a.columns), alpha, a.data, la.leading, b.data, lb.leading, beta, c,
              blasint(c_stride));
}

void gemm(const Matrix<complex64_t>& a, const Matrix<complex64_t>& b, float alpha, float beta,
          complex64_t* c, int64_t c_stride) {
  const BlasCall call;
  const Layout la = layout_of(a), lb = layout_of(b);
  const complex64_t complex_alpha = alpha, complex_beta = beta;
  cblas_cgemm(CblasRowMajor, la.transpose, lb.transpose, blasint(a.rows), blasint(b.columns),
              blasint(a.columns), &complex_alpha, a.data, la.leading, b.data, lb.leading,
              &complex_beta, c, blasint(c_stride));
}

}  // namespace quern::cpu
