#pragma once

#include "engine/array/half.h"

namespace quern::cpu::lapack {

// The routines of LAPACK (Anderson et al., LAPACK Users' Guide, 1999) that the kernels use, as it
// is part of OpenBLAS, on the calling thread. Matrices are column-major; each function returns
// LAPACK's `info`: 0, or what went wrong. A row-major matrix is its own transpose to them.

/// The real dtype of singular values and the like.
template <typename T>
struct RealOf {
  using type = T;
};
template <>
struct RealOf<complex64_t> {
  using type = float;
};
template <typename T>
using Real = typename RealOf<T>::type;

// P L U factors of a, in place; the inverse and solutions from them.
int getrf(int m, int n, float* a, int lda, int* pivots);
int getrf(int m, int n, double* a, int lda, int* pivots);
int getrf(int m, int n, complex64_t* a, int lda, int* pivots);
int getri(int n, float* a, int lda, const int* pivots, float* work, int lwork);
int getri(int n, double* a, int lda, const int* pivots, double* work, int lwork);
int getri(int n, complex64_t* a, int lda, const int* pivots, complex64_t* work, int lwork);
int getrs(char trans, int n, int nrhs, const float* a, int lda, const int* pivots, float* b,
          int ldb);
int getrs(char trans, int n, int nrhs, const double* a, int lda, const int* pivots, double* b,
          int ldb);
int getrs(char trans, int n, int nrhs, const complex64_t* a, int lda, const int* pivots,
          complex64_t* b, int ldb);

// The Cholesky factor, in place in the triangle `uplo`.
int potrf(char uplo, int n, float* a, int lda);
int potrf(char uplo, int n, double* a, int lda);
int potrf(char uplo, int n, complex64_t* a, int lda);

// The inverse of a triangle, in place.
int trtri(char uplo, int n, float* a, int lda);
int trtri(char uplo, int n, double* a, int lda);
int trtri(char uplo, int n, complex64_t* a, int lda);

// L Q factors: reflectors in place, then the first m rows of Q from k of them.
int gelqf(int m, int n, float* a, int lda, float* tau, float* work, int lwork);
int gelqf(int m, int n, double* a, int lda, double* tau, double* work, int lwork);
int gelqf(int m, int n, complex64_t* a, int lda, complex64_t* tau, complex64_t* work, int lwork);
int orglq(int m, int n, int k, float* a, int lda, const float* tau, float* work, int lwork);
int orglq(int m, int n, int k, double* a, int lda, const double* tau, double* work, int lwork);
int orglq(int m, int n, int k, complex64_t* a, int lda, const complex64_t* tau, complex64_t* work,
          int lwork);

// Singular values and, with job 'A', all of U and V^H ('S': the first min(m, n); 'N': none);
// a is overwritten. rwork is for complex matrices alone; iwork has 8 min(m, n) elements.
int gesdd(char job, int m, int n, float* a, float* s, float* u, int ldu, float* vt, int ldvt,
          float* work, int lwork, float* rwork, int* iwork);
int gesdd(char job, int m, int n, double* a, double* s, double* u, int ldu, double* vt, int ldvt,
          double* work, int lwork, double* rwork, int* iwork);
int gesdd(char job, int m, int n, complex64_t* a, float* s, complex64_t* u, int ldu,
          complex64_t* vt, int ldvt, complex64_t* work, int lwork, float* rwork, int* iwork);

// Eigenvalues, ascending, of the Hermitian matrix in triangle `uplo` and, with job 'V', its
// eigenvectors in place. rwork is for complex matrices alone.
int heevd(char job, char uplo, int n, float* a, float* w, float* work, int lwork, float* rwork,
          int lrwork, int* iwork, int liwork);
int heevd(char job, char uplo, int n, double* a, double* w, double* work, int lwork, double* rwork,
          int lrwork, int* iwork, int liwork);
int heevd(char job, char uplo, int n, complex64_t* a, float* w, complex64_t* work, int lwork,
          float* rwork, int lrwork, int* iwork, int liwork);

// Eigenvalues wr + i wi (of complex matrices: w) and, with job 'V', left eigenvectors.
int geev(char job, int n, float* a, float* wr, float* wi, float* left, float* work, int lwork);
int geev(char job, int n, double* a, double* wr, double* wi, double* left, double* work, int lwork);
int geev(char job, int n, complex64_t* a, complex64_t* w, complex64_t* left, complex64_t* work,
         int lwork, float* rwork);

/// Solves a x = b in place of b: row-major triangular a [n, n], b [n, columns].
void solve_triangular(bool upper, int n, int columns, const float* a, float* b);
void solve_triangular(bool upper, int n, int columns, const double* a, double* b);
void solve_triangular(bool upper, int n, int columns, const complex64_t* a, complex64_t* b);

}  // namespace quern::cpu::lapack
