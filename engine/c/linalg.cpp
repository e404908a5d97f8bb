#include "engine/c/linalg.h"

#include "engine/c/adapt.h"
#include "engine/ops/linalg.h"

using namespace quern::c;

int quern_linalg_norm(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                      bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, const std::optional<std::vector<int>>&, bool>(quern::linalg::norm)>(
      out, a, list(axes, axes_count), keepdims, s);
}
int quern_linalg_norm_ord(quern_array* out, quern_array a, double ord, const int* axes,
                          size_t axes_count, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, const double, const std::optional<std::vector<int>>&, bool>(
      quern::linalg::norm)>(out, a, ord, list(axes, axes_count), keepdims, s);
}
int quern_linalg_norm_named(quern_array* out, quern_array a, const char* ord, const int* axes,
                            size_t axes_count, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, const std::string&, const std::optional<std::vector<int>>&, bool>(
      quern::linalg::norm)>(out, a, ord, list(axes, axes_count), keepdims, s);
}

int quern_linalg_qr(quern_array* q, quern_array* r, quern_array a, quern_stream s) {
  return call<quern::linalg::qr>(results(q, r), a, s);
}
int quern_linalg_svd(quern_vector_array* out, quern_array a, bool compute_uv, quern_stream s) {
  return call<OpOfSeveral<ArrayIn, bool>(quern::linalg::svd)>(out, a, compute_uv, s);
}
int quern_linalg_lu(quern_vector_array* out, quern_array a, quern_stream s) {
  return call<quern::linalg::lu>(out, a, s);
}
int quern_linalg_lu_factor(quern_array* factors, quern_array* pivots, quern_array a,
                           quern_stream s) {
  return call<quern::linalg::lu_factor>(results(factors, pivots), a, s);
}
int quern_linalg_eig(quern_array* values, quern_array* vectors, quern_array a, quern_stream s) {
  return call<quern::linalg::eig>(results(values, vectors), a, s);
}
int quern_linalg_eigvals(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::linalg::eigvals>(out, a, s);
}
int quern_linalg_eigh(quern_array* values, quern_array* vectors, quern_array a,
                      const char* triangle, quern_stream s) {
  return call<quern::linalg::eigh>(results(values, vectors), a, triangle, s);
}
int quern_linalg_eigvalsh(quern_array* out, quern_array a, const char* triangle, quern_stream s) {
  return call<quern::linalg::eigvalsh>(out, a, triangle, s);
}
int quern_linalg_cholesky(quern_array* out, quern_array a, bool upper, quern_stream s) {
  return call<quern::linalg::cholesky>(out, a, upper, s);
}
int quern_linalg_cholesky_inv(quern_array* out, quern_array a, bool upper, quern_stream s) {
  return call<quern::linalg::cholesky_inv>(out, a, upper, s);
}

int quern_linalg_inv(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::linalg::inv>(out, a, s);
}
int quern_linalg_tri_inv(quern_array* out, quern_array a, bool upper, quern_stream s) {
  return call<quern::linalg::tri_inv>(out, a, upper, s);
}
int quern_linalg_pinv(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::linalg::pinv>(out, a, s);
}
int quern_linalg_solve(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::linalg::solve>(out, a, b, s);
}
int quern_linalg_solve_triangular(quern_array* out, quern_array a, quern_array b, bool upper,
                                  quern_stream s) {
  return call<quern::linalg::solve_triangular>(out, a, b, upper, s);
}
int quern_linalg_cross(quern_array* out, quern_array a, quern_array b, int axis, quern_stream s) {
  return call<quern::linalg::cross>(out, a, b, axis, s);
}
int quern_linalg_det(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::linalg::det>(out, a, s);
}
int quern_linalg_slogdet(quern_array* sign, quern_array* logdet, quern_array a, quern_stream s) {
  return call<quern::linalg::slogdet>(results(sign, logdet), a, s);
}
