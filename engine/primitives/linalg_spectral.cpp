#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/linalg.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/linalg.h"
#include "engine/primitives/matrix_rules.h"

// Derivatives of singular values and eigenvalues, and of their vectors.

namespace quern {

namespace {

/// Columns scaled, or rows, by a real vector.
array scale_columns(const array& a, const array& by) { return multiply(a, expand_dims(by, -2)); }
array scale_rows(const array& by, const array& a) { return multiply(expand_dims(by, -1), a); }

/// [.., k] with zeros up to length n.
array lengthened(const array& s, int n) {
  const int missing = n - s.shape(-1);
  if (missing == 0) return s;
  Shape shape = s.shape();
  shape.back() = missing;
  return concatenate({s, zeros(shape, s.dtype())}, -1);
}

/// The real elements as those of a matrix's dtype.
array diagonal_like(const array& elements, const array& matrix) {
  return to_diagonal(astype(elements, matrix.dtype()));
}

array real_diagonal(const array& a) {
  const array diagonal = diagonal_of(a);
  return a.dtype() == complex64 ? real(diagonal) : diagonal;
}

array imaginary_diagonal(const array& a) { return imag(diagonal_of(a)); }

/// 1 / (2 s), 0 for s = 0: how much of a change of phase each side takes.
array half_reciprocal(const array& s) {
  const array none = equal(s, zeros_like(s));
  const array divisor = multiply(scalar_like(2, s), where(none, ones_like(s), s));
  return where(none, zeros_like(s), reciprocal(divisor));
}

}  // namespace

// SVD: with P = U^H dA V, dS is P's diagonal, dU = U W and dV = V Z, W and Z skew-Hermitian:
// W = (P S + S P^H) / (s_j^2 - s_i^2), Z = (S P + P^H S) / (s_j^2 - s_i^2), where P and s are
// extended by zeros to be as large as W and Z. Complex phases, which the diagonal of P leaves open,
// are split between both sides.

Arrays SVD::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                const Arrays& outputs) const {
  const Arrays factors = compute_uv ? outputs : linalg::svd(primals[0], true);
  const array &u = factors[0], &s = factors[1], v = adjoint(factors[2]);
  const int m = u.shape(-1), n = v.shape(-1), k = std::min(m, n);
  const array p = product(adjoint(u), tangents[0], v);
  const array core = fit_matrix(p, k, k);
  const array ds = real_diagonal(core);
  if (!compute_uv) return {ds};

  const array su = lengthened(s, m), sv = lengthened(s, n);
  const array pu = fit_matrix(p, m, m), pv = fit_matrix(p, n, n);
  array w = multiply(add(scale_columns(pu, su), scale_rows(su, adjoint(pu))),
                     reciprocal_differences(square(su)));
  array z = multiply(add(scale_rows(sv, pv), scale_columns(adjoint(pv), sv)),
                     reciprocal_differences(square(sv)));
  if (p.dtype() == complex64) {
    const array phase = imaginary(multiply(imaginary_diagonal(core), half_reciprocal(s)));
    w = add(w, fit_matrix(to_diagonal(phase), m, m));
    z = subtract(z, fit_matrix(to_diagonal(phase), n, n));
  }
  return {product(u, w), ds, adjoint(product(v, z))};
}

Arrays SVD::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                const Arrays& outputs) const {
  const Arrays factors = compute_uv ? outputs : linalg::svd(primals[0], true);
  const array &u = factors[0], &s = factors[1], &vh = factors[2];
  const int m = u.shape(-1), n = vh.shape(-1), k = std::min(m, n);
  const array& gs = cotangents[compute_uv ? 1 : 0];
  array p = fit_matrix(diagonal_like(gs, u), m, n);
  if (compute_uv) {
    const array su = lengthened(s, m), sv = lengthened(s, n);
    const array gu = product(adjoint(u), cotangents[0]);
    const array gv = product(vh, adjoint(cotangents[2]));
    const array w = multiply(gu, reciprocal_differences(square(su)));
    const array z = multiply(gv, reciprocal_differences(square(sv)));
    p = add(p, fit_matrix(scale_columns(add(w, adjoint(w)), su), m, n));
    p = add(p, fit_matrix(scale_rows(sv, add(z, adjoint(z))), m, n));
    if (p.dtype() == complex64) {
      const array turn = subtract(imaginary_diagonal(fit_matrix(gu, k, k)),
                                  imaginary_diagonal(fit_matrix(gv, k, k)));
      p = add(p, fit_matrix(to_diagonal(imaginary(multiply(turn, half_reciprocal(s)))), m, n));
    }
  }
  return {product(u, p, vh)};
}

// Eigh: with P = V^H dA V, dw is P's diagonal and dV = V (P / (w_j - w_i)).

Arrays Eigh::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                 const Arrays& outputs) const {
  const array v = compute_vectors ? outputs[1] : linalg::eigh(primals[0], uplo).second;
  const array p = product(adjoint(v), hermitian_part(tangents[0]), v);
  if (!compute_vectors) return {real_diagonal(p)};
  return {real_diagonal(p), product(v, multiply(p, reciprocal_differences(outputs[0])))};
}

Arrays Eigh::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays& outputs) const {
  const array v = compute_vectors ? outputs[1] : linalg::eigh(primals[0], uplo).second;
  array p = diagonal_like(cotangents[0], v);
  if (compute_vectors) {
    const array turned = product(adjoint(v), cotangents[1]);
    p = add(p, multiply(turned, reciprocal_differences(outputs[0])));
  }
  return {hermitian_part(product(v, p, adjoint(v)))};
}

// Eig: with P = V^-1 dA V, dw is P's diagonal and dV = V X + V D, X = P / (w_j - w_i), where the
// real diagonal D keeps the columns at length 1: D = -Re diag(V^H V X).

Arrays Eig::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                const Arrays& outputs) const {
  const array v = compute_vectors ? outputs[1] : linalg::eig(primals[0]).second;
  const array p = linalg::solve(v, product(astype(tangents[0], complex64), v));
  if (!compute_vectors) return {diagonal_of(p)};
  const array moved = product(v, multiply(p, reciprocal_differences(outputs[0])));
  const array along = real(sum(multiply(conjugate(v), moved), -2));
  return {diagonal_of(p), subtract(moved, scale_columns(v, along))};
}

Arrays Eig::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                const Arrays& outputs) const {
  const array v = compute_vectors ? outputs[1] : linalg::eig(primals[0]).second;
  const array vh = adjoint(v);
  array p = to_diagonal(cotangents[0]);
  if (compute_vectors) {
    const array& gv = cotangents[1];
    const array along = real(sum(multiply(conjugate(v), gv), -2));
    const array across = product(vh, subtract(gv, scale_columns(v, along)));
    p = add(p, multiply(across, conjugate(reciprocal_differences(outputs[0]))));
  }
  const array gradient = linalg::solve(vh, product(p, vh));
  const array& a = primals[0];
  return {a.dtype() == complex64 ? gradient : astype(real(gradient), a.dtype())};
}

}  // namespace quern
