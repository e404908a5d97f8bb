#ifndef QUERN_C_LINALG_H
#define QUERN_C_LINALG_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Matrices: engine/ops/linalg.h. */

/* Axes that are NULL mean all. */
int quern_linalg_norm(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                      bool keepdims, quern_stream s);
int quern_linalg_norm_ord(quern_array* out, quern_array a, double ord, const int* axes,
                          size_t axes_count, bool keepdims, quern_stream s);
int quern_linalg_norm_named(quern_array* out, quern_array a, const char* ord, const int* axes,
                            size_t axes_count, bool keepdims, quern_stream s);

/* Factors and eigenvalues. */
int quern_linalg_qr(quern_array* q, quern_array* r, quern_array a, quern_stream s);
int quern_linalg_svd(quern_vector_array* out, quern_array a, bool compute_uv, quern_stream s);
int quern_linalg_lu(quern_vector_array* out, quern_array a, quern_stream s);
int quern_linalg_lu_factor(quern_array* factors, quern_array* pivots, quern_array a,
                           quern_stream s);
int quern_linalg_eig(quern_array* values, quern_array* vectors, quern_array a, quern_stream s);
int quern_linalg_eigvals(quern_array* out, quern_array a, quern_stream s);
int quern_linalg_eigh(quern_array* values, quern_array* vectors, quern_array a,
                      const char* triangle, quern_stream s);
int quern_linalg_eigvalsh(quern_array* out, quern_array a, const char* triangle, quern_stream s);
int quern_linalg_cholesky(quern_array* out, quern_array a, bool upper, quern_stream s);
int quern_linalg_cholesky_inv(quern_array* out, quern_array a, bool upper, quern_stream s);

/* Inverses, solutions and determinants. */
int quern_linalg_inv(quern_array* out, quern_array a, quern_stream s);
int quern_linalg_tri_inv(quern_array* out, quern_array a, bool upper, quern_stream s);
int quern_linalg_pinv(quern_array* out, quern_array a, quern_stream s);
int quern_linalg_solve(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_linalg_solve_triangular(quern_array* out, quern_array a, quern_array b, bool upper,
                                  quern_stream s);
int quern_linalg_cross(quern_array* out, quern_array a, quern_array b, int axis, quern_stream s);
int quern_linalg_det(quern_array* out, quern_array a, quern_stream s);
int quern_linalg_slogdet(quern_array* sign, quern_array* logdet, quern_array a, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
