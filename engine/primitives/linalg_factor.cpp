#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/linalg.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
#include "engine/primitives/linalg.h"
#include "engine/primitives/matrix_rules.h"

// Derivatives of QR and LU (Walter, Lehmann and Lamour 2012; Roberts and Roberts 2020 for matrices
// that are wider than tall).

namespace quern {

namespace {

// For triangular t, upper or lower: t^-1 b, t^-H b, and b t^-1, b t^-H by way of the adjoint.

array solve_left(const array& t, const array& b, bool upper) {
  return linalg::solve_triangular(t, b, upper);
}
array solve_left_adjoint(const array& t, const array& b, bool upper) {
  return linalg::solve_triangular(adjoint(t), b, !upper);
}
array solve_right(const array& b, const array& t, bool upper) {
  return adjoint(solve_left_adjoint(t, adjoint(b), upper));
}
array solve_right_adjoint(const array& b, const array& t, bool upper) {
  return adjoint(solve_left(t, adjoint(b), upper));
}

struct Pair {
  array first;
  array second;
};

/// Changes of Q and R of a matrix that is not wide: with T R = dR,
/// T + T^H = Q^H dA R^-1 + (Q^H dA R^-1)^H.
Pair qr_change(const array& q, const array& r, const array& da) {
  const array scaled = solve_right(da, r, true);
  const array c = product(adjoint(q), scaled);
  const array t = half_triangle(add(c, adjoint(c)), true);
  return {subtract(scaled, product(q, t)), product(t, r)};
}

array qr_gradient(const array& q, const array& r, const array& gq, const array& gr) {
  const array n = subtract(product(gr, adjoint(r)), product(adjoint(q), gq));
  const array half = half_triangle(n, true);
  return solve_right_adjoint(add(gq, product(q, add(half, adjoint(half)))), r, true);
}

/// The parts of a packed LU or of its derivative, [m, n] with k = min(m, n).
struct Packed {
  explicit Packed(const array& a)
      : rows(a.shape(-2)),
        columns(a.shape(-1)),
        rank(std::min(rows, columns)),
        square(block(a, 0, rank, 0, rank)) {}
  int rows, columns, rank;
  array square;

  array below(const array& a) const { return block(a, rank, rows - rank, 0, rank); }
  array beside(const array& a) const { return block(a, 0, rank, rank, columns - rank); }
  bool tall() const { return rows > rank; }
  bool wide() const { return columns > rank; }
  array lower() const { return add(tril(square, -1), eye(rank, square.dtype())); }
  array upper() const { return triu(square); }
};

/// Row i of the result is row order[.., i] of a.
array take_rows(const array& a, const array& order) {
  return take_along_axis(a, broadcast_to(expand_dims(order, -1), a.shape()), -2);
}

}  // namespace

Arrays QR::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
               const Arrays& outputs) const {
  const array &a = primals[0], &q = outputs[0], &r = outputs[1];
  const array &gq = cotangents[0], &gr = cotangents[1];
  const int m = a.shape(-2), n = a.shape(-1);
  if (m >= n) return {qr_gradient(q, r, gq, gr)};
  // a = [x y], r = [u v]: x = q u and v = q^H y
  const array y = block(a, 0, m, m, n - m), gv = block(gr, 0, m, m, n - m);
  const array gx =
      qr_gradient(q, block(r, 0, m, 0, m), add(gq, product(y, adjoint(gv))), block(gr, 0, m, 0, m));
  return {concatenate({gx, product(q, gv)}, -1)};
}

Arrays QR::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
               const Arrays& outputs) const {
  const array &a = primals[0], &q = outputs[0], &r = outputs[1], &da = tangents[0];
  const int m = a.shape(-2), n = a.shape(-1);
  if (m >= n) {
    const Pair change = qr_change(q, r, da);
    return {change.first, change.second};
  }
  const Pair change = qr_change(q, block(r, 0, m, 0, m), block(da, 0, m, 0, m));
  const array y = block(a, 0, m, m, n - m), dy = block(da, 0, m, m, n - m);
  const array dv = add(product(adjoint(change.first), y), product(adjoint(q), dy));
  return {change.first, concatenate({change.second, dv}, -1)};
}

// LU: with F = L^-1 dA U^-1, rows of A in the order of L U, dL = L tril(F, -1) and dU = triu(F) U
// for the square part; the rows below it and the columns beside it follow.

Arrays LU::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
               const Arrays& outputs) const {
  const Packed lu(outputs[0]);
  const array da = take_rows(tangents[0], argsort(outputs[2], -1));
  const Packed change(da);
  const array l = lu.lower(), u = lu.upper();
  const array f = solve_left(l, solve_right(change.square, u, true), false);
  const array dl = product(l, tril(f, -1)), du = product(triu(f), u);
  array packed = add(dl, du);
  if (lu.tall()) {  // below = A_below U^-1
    const array moved = subtract(change.below(da), product(lu.below(outputs[0]), du));
    packed = concatenate({packed, solve_right(moved, u, true)}, -2);
  }
  if (lu.wide()) {  // beside = L^-1 A_beside
    const array moved = subtract(change.beside(da), product(dl, lu.beside(outputs[0])));
    packed = concatenate({packed, solve_left(l, moved, false)}, -1);
  }
  return {packed, zeros_like(outputs[1]), zeros_like(outputs[2])};
}

Arrays LU::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
               const Arrays& outputs) const {
  const Packed lu(outputs[0]), given(cotangents[0]);
  const array l = lu.lower(), u = lu.upper();
  array gl = tril(given.square, -1), gu = triu(given.square);
  Arrays beyond;
  if (lu.tall()) {
    beyond.push_back(solve_right_adjoint(given.below(cotangents[0]), u, true));
    gu = subtract(gu, triu(product(adjoint(lu.below(outputs[0])), beyond[0])));
  }
  if (lu.wide()) {
    beyond.push_back(solve_left_adjoint(l, given.beside(cotangents[0]), false));
    gl = subtract(gl, tril(product(beyond[0], adjoint(lu.beside(outputs[0]))), -1));
  }
  const array f = add(tril(product(adjoint(l), gl), -1), triu(product(gu, adjoint(u))));
  array gradient = solve_left_adjoint(l, solve_right_adjoint(f, u, true), false);
  if (!beyond.empty()) gradient = concatenate({gradient, beyond[0]}, lu.tall() ? -2 : -1);
  return {take_rows(gradient, outputs[2])};
}

}  // namespace quern
