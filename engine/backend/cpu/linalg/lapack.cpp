#include "engine/backend/cpu/linalg/lapack.h"

#include <cblas.h>

#include <algorithm>
#include <cstddef>

#include "engine/backend/cpu/matmul/blas.h"

// Fortran's own calls: everything by pointer, the lengths of character arguments behind the others.
extern "C" {
using quern::complex64_t;

void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void sgetri_(const int* n, float* a, const int* lda, const int* pivots, float* work,
             const int* lwork, int* info);
void sgetrs_(const char* trans, const int* n, const int* nrhs, const float* a, const int* lda,
             const int* pivots, float* b, const int* ldb, int* info, size_t);
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info, size_t);
void strtri_(const char* uplo, const char* diag, const int* n, float* a, const int* lda, int* info,
             size_t, size_t);
void sgelqf_(const int* m, const int* n, float* a, const int* lda, float* tau, float* work,
             const int* lwork, int* info);
void sorglq_(const int* m, const int* n, const int* k, float* a, const int* lda, const float* tau,
             float* work, const int* lwork, int* info);
void sgesdd_(const char* job, const int* m, const int* n, float* a, const int* lda, float* s,
             float* u, const int* ldu, float* vt, const int* ldvt, float* work, const int* lwork,
             int* iwork, int* info, size_t);
void ssyevd_(const char* job, const char* uplo, const int* n, float* a, const int* lda, float* w,
             float* work, const int* lwork, int* iwork, const int* liwork, int* info, size_t,
             size_t);
void sgeev_(const char* left_job, const char* right_job, const int* n, float* a, const int* lda,
            float* wr, float* wi, float* left, const int* ldl, float* right, const int* ldr,
            float* work, const int* lwork, int* info, size_t, size_t);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void dgetri_(const int* n, double* a, const int* lda, const int* pivots, double* work,
             const int* lwork, int* info);
void dgetrs_(const char* trans, const int* n, const int* nrhs, const double* a, const int* lda,
             const int* pivots, double* b, const int* ldb, int* info, size_t);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, size_t);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* a, const int* lda, int* info,
             size_t, size_t);
void dgelqf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
             const int* lwork, int* info);
void dorglq_(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau,
             double* work, const int* lwork, int* info);
void dgesdd_(const char* job, const int* m, const int* n, double* a, const int* lda, double* s,
             double* u, const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork,
             int* iwork, int* info, size_t);
void dsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info, size_t,
             size_t);
void dgeev_(const char* left_job, const char* right_job, const int* n, double* a, const int* lda,
            double* wr, double* wi, double* left, const int* ldl, double* right, const int* ldr,
            double* work, const int* lwork, int* info, size_t, size_t);
void cgetrf_(const int* m, const int* n, complex64_t* a, const int* lda, int* pivots, int* info);
void cgetri_(const int* n, complex64_t* a, const int* lda, const int* pivots, complex64_t* work,
             const int* lwork, int* info);
void cgetrs_(const char* trans, const int* n, const int* nrhs, const complex64_t* a, const int* lda,
             const int* pivots, complex64_t* b, const int* ldb, int* info, size_t);
void cpotrf_(const char* uplo, const int* n, complex64_t* a, const int* lda, int* info, size_t);
void ctrtri_(const char* uplo, const char* diag, const int* n, complex64_t* a, const int* lda,
             int* info, size_t, size_t);
void cgelqf_(const int* m, const int* n, complex64_t* a, const int* lda, complex64_t* tau,
             complex64_t* work, const int* lwork, int* info);
void cunglq_(const int* m, const int* n, const int* k, complex64_t* a, const int* lda,
             const complex64_t* tau, complex64_t* work, const int* lwork, int* info);
void cgesdd_(const char* job, const int* m, const int* n, complex64_t* a, const int* lda, float* s,
             complex64_t* u, const int* ldu, complex64_t* vt, const int* ldvt, complex64_t* work,
             const int* lwork, float* rwork, int* iwork, int* info, size_t);
void cheevd_(const char* job, const char* uplo, const int* n, complex64_t* a, const int* lda,
             float* w, complex64_t* work, const int* lwork, float* rwork, const int* lrwork,
             int* iwork, const int* liwork, int* info, size_t, size_t);
void cgeev_(const char* left_job, const char* right_job, const int* n, complex64_t* a,
            const int* lda, complex64_t* w, complex64_t* left, const int* ldl, complex64_t* right,
            const int* ldr, complex64_t* work, const int* lwork, float* rwork, int* info, size_t,
            size_t);
}

namespace quern::cpu::lapack {

namespace {

/// Calls a routine with these arguments, `info` and the lengths of its texts, which are all 1.
template <typename... Parameters, typename... Arguments>
int run(void (*routine)(Parameters...), Arguments... arguments) {
  const BlasCall call;
  int info = 0;
  constexpr size_t texts = sizeof...(Parameters) - sizeof...(Arguments) - 1;
  if constexpr (texts == 0)
    routine(arguments..., &info);
  else if constexpr (texts == 1)
    routine(arguments..., &info, 1);
  else
    routine(arguments..., &info, 1, 1);
  return info;
}

}  // namespace

int getrf(int m, int n, float* a, int lda, int* pivots) {
  return run(sgetrf_, &m, &n, a, &lda, pivots);
}

int getri(int n, float* a, int lda, const int* pivots, float* work, int lwork) {
  return run(sgetri_, &n, a, &lda, pivots, work, &lwork);
}

int getrs(char trans, int n, int nrhs, const float* a, int lda, const int* pivots, float* b,
          int ldb) {
  return run(sgetrs_, &trans, &n, &nrhs, a, &lda, pivots, b, &ldb);
}

int potrf(char uplo, int n, float* a, int lda) { return run(spotrf_, &uplo, &n, a, &lda); }

int trtri(char uplo, int n, float* a, int lda) { return run(strtri_, &uplo, "N", &n, a, &lda); }

int gelqf(int m, int n, float* a, int lda, float* tau, float* work, int lwork) {
  return run(sgelqf_, &m, &n, a, &lda, tau, work, &lwork);
}

int orglq(int m, int n, int k, float* a, int lda, const float* tau, float* work, int lwork) {
  return run(sorglq_, &m, &n, &k, a, &lda, tau, work, &lwork);
}

int gesdd(char job, int m, int n, float* a, float* s, float* u, int ldu, float* vt, int ldvt,
          float* work, int lwork, float*, int* iwork) {
  const int lda = std::max(1, m);
  return run(sgesdd_, &job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, iwork);
}

int heevd(char job, char uplo, int n, float* a, float* w, float* work, int lwork, float*, int,
          int* iwork, int liwork) {
  const int lda = std::max(1, n);
  return run(ssyevd_, &job, &uplo, &n, a, &lda, w, work, &lwork, iwork, &liwork);
}

int geev(char job, int n, float* a, float* wr, float* wi, float* left, float* work, int lwork) {
  const int lda = std::max(1, n), one = 1;
  float* none = nullptr;
  return run(sgeev_, &job, "N", &n, a, &lda, wr, wi, left, &lda, none, &one, work, &lwork);
}

void solve_triangular(bool upper, int n, int columns, const float* a, float* b) {
  const BlasCall call;
  cblas_strsm(CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, CblasNoTrans, CblasNonUnit,
              n, columns, 1, a, n, b, columns);
}

int getrf(int m, int n, double* a, int lda, int* pivots) {
  return run(dgetrf_, &m, &n, a, &lda, pivots);
}

int getri(int n, double* a, int lda, const int* pivots, double* work, int lwork) {
  return run(dgetri_, &n, a, &lda, pivots, work, &lwork);
}

int getrs(char trans, int n, int nrhs, const double* a, int lda, const int* pivots, double* b,
          int ldb) {
  return run(dgetrs_, &trans, &n, &nrhs, a, &lda, pivots, b, &ldb);
}

int potrf(char uplo, int n, double* a, int lda) { return run(dpotrf_, &uplo, &n, a, &lda); }

int trtri(char uplo, int n, double* a, int lda) { return run(dtrtri_, &uplo, "N", &n, a, &lda); }

int gelqf(int m, int n, double* a, int lda, double* tau, double* work, int lwork) {
  return run(dgelqf_, &m, &n, a, &lda, tau, work, &lwork);
}

int orglq(int m, int n, int k, double* a, int lda, const double* tau, double* work, int lwork) {
  return run(dorglq_, &m, &n, &k, a, &lda, tau, work, &lwork);
}

int gesdd(char job, int m, int n, double* a, double* s, double* u, int ldu, double* vt, int ldvt,
          double* work, int lwork, double*, int* iwork) {
  const int lda = std::max(1, m);
  return run(dgesdd_, &job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, iwork);
}

int heevd(char job, char uplo, int n, double* a, double* w, double* work, int lwork, double*, int,
          int* iwork, int liwork) {
  const int lda = std::max(1, n);
  return run(dsyevd_, &job, &uplo, &n, a, &lda, w, work, &lwork, iwork, &liwork);
}

int geev(char job, int n, double* a, double* wr, double* wi, double* left, double* work,
         int lwork) {
  const int lda = std::max(1, n), one = 1;
  double* none = nullptr;
  return run(dgeev_, &job, "N", &n, a, &lda, wr, wi, left, &lda, none, &one, work, &lwork);
}

void solve_triangular(bool upper, int n, int columns, const double* a, double* b) {
  const BlasCall call;
  cblas_dtrsm(CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, CblasNoTrans, CblasNonUnit,
              n, columns, 1, a, n, b, columns);
}

int getrf(int m, int n, complex64_t* a, int lda, int* pivots) {
  return run(cgetrf_, &m, &n, a, &lda, pivots);
}

int getri(int n, complex64_t* a, int lda, const int* pivots, complex64_t* work, int lwork) {
  return run(cgetri_, &n, a, &lda, pivots, work, &lwork);
}

int getrs(char trans, int n, int nrhs, const complex64_t* a, int lda, const int* pivots,
          complex64_t* b, int ldb) {
  return run(cgetrs_, &trans, &n, &nrhs, a, &lda, pivots, b, &ldb);
}

int potrf(char uplo, int n, complex64_t* a, int lda) { return run(cpotrf_, &uplo, &n, a, &lda); }

int trtri(char uplo, int n, complex64_t* a, int lda) {
  return run(ctrtri_, &uplo, "N", &n, a, &lda);
}

int gelqf(int m, int n, complex64_t* a, int lda, complex64_t* tau, complex64_t* work, int lwork) {
  return run(cgelqf_, &m, &n, a, &lda, tau, work, &lwork);
}

int orglq(int m, int n, int k, complex64_t* a, int lda, const complex64_t* tau, complex64_t* work,
          int lwork) {
  return run(cunglq_, &m, &n, &k, a, &lda, tau, work, &lwork);
}

int gesdd(char job, int m, int n, complex64_t* a, float* s, complex64_t* u, int ldu,
          complex64_t* vt, int ldvt, complex64_t* work, int lwork, float* rwork, int* iwork) {
  const int lda = std::max(1, m);
  return run(cgesdd_, &job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, rwork, iwork);
}

int heevd(char job, char uplo, int n, complex64_t* a, float* w, complex64_t* work, int lwork,
          float* rwork, int lrwork, int* iwork, int liwork) {
  const int lda = std::max(1, n);
  return run(cheevd_, &job, &uplo, &n, a, &lda, w, work, &lwork, rwork, &lrwork, iwork, &liwork);
}

int geev(char job, int n, complex64_t* a, complex64_t* w, complex64_t* left, complex64_t* work,
         int lwork, float* rwork) {
  const int lda = std::max(1, n), one = 1;
  complex64_t* none = nullptr;
  return run(cgeev_, &job, "N", &n, a, &lda, w, left, &lda, none, &one, work, &lwork, rwork);
}

void solve_triangular(bool upper, int n, int columns, const complex64_t* a, complex64_t* b) {
  const BlasCall call;
  const complex64_t one = 1;
  cblas_ctrsm(CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, CblasNoTrans, CblasNonUnit,
              n, columns, &one, a, n, b, columns);
}

}  // namespace quern::cpu::lapack
