#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/linalg.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/linalg.h"
#include "engine/primitives/matrix_rules.h"

// Derivatives of inverses, solutions and determinants (Giles, An extended collection of matrix
// derivative results, 2008).

namespace quern {

namespace {

/// One number per matrix, to multiply matrices with.
array per_matrix(const array& a) { return expand_dims(a, {-1, -2}); }

/// The sum of the elementwise product, per matrix.
array contraction(const array& a, const array& b) {
  return sum(multiply(a, b), std::vector<int>{-2, -1});
}

array transposed(const array& a) { return swapaxes(a, -1, -2); }
array conjugated(const array& a) { return a.dtype() == complex64 ? conjugate(a) : a; }

}  // namespace

// Inverse: dY = -Y dA Y

Arrays Inverse::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                    const Arrays& outputs) const {
  const array y = adjoint(outputs[0]);
  const array gradient = negative(product(y, cotangents[0], y));
  return {triangular ? triangle(gradient, upper) : gradient};
}

Arrays Inverse::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                    const Arrays& outputs) const {
  const array change = triangular ? triangle(tangents[0], upper) : tangents[0];
  return {negative(product(outputs[0], change, outputs[0]))};
}

// Solve: A dX = dB - dA X

Arrays Solve::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                  const Arrays& outputs) const {
  const array right = linalg::solve(adjoint(primals[0]), cotangents[0]);
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(i == 1 ? right : negative(product(right, adjoint(outputs[0]))));
  }
  return gradients;
}

Arrays Solve::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                  const Arrays& outputs) const {
  array change = zeros_like(outputs[0]);
  for (size_t i = 0; i < argnums.size(); ++i) {
    change = argnums[i] == 1 ? add(change, tangents[i])
                             : subtract(change, product(tangents[i], outputs[0]));
  }
  return {linalg::solve(primals[0], change)};
}

Arrays SolveTriangular::vjp(const Arrays& primals, const Arrays& cotangents,
                            const std::vector<int>& argnums, const Arrays& outputs) const {
  const array right = linalg::solve_triangular(adjoint(primals[0]), cotangents[0], !upper);
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(i == 1 ? right
                               : negative(triangle(product(right, adjoint(outputs[0])), upper)));
  }
  return gradients;
}

Arrays SolveTriangular::jvp(const Arrays& primals, const Arrays& tangents,
                            const std::vector<int>& argnums, const Arrays& outputs) const {
  array change = zeros_like(outputs[0]);
  for (size_t i = 0; i < argnums.size(); ++i) {
    change = argnums[i] == 1 ? add(change, tangents[i])
                             : subtract(change, product(triangle(tangents[i], upper), outputs[0]));
  }
  return {linalg::solve_triangular(primals[0], change, upper)};
}

// PseudoInverse, of constant rank (Golub and Pereyra 1973):
// dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P

Arrays PseudoInverse::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                          const Arrays& outputs) const {
  const array &a = primals[0], &p = outputs[0];
  const array ph = adjoint(p), c = cotangents[0], ch = adjoint(c);
  const array left = subtract(eye(a.shape(-2), a.dtype()), product(a, p));
  const array right = subtract(eye(a.shape(-1), a.dtype()), product(p, a));
  const array inside = negative(product(ph, c, ph));
  return {add(inside, add(product(left, ch, p, ph), product(ph, p, ch, right)))};
}

Arrays PseudoInverse::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                          const Arrays& outputs) const {
  const array &a = primals[0], &p = outputs[0];
  const array ph = adjoint(p), da = tangents[0], dah = adjoint(da);
  const array left = subtract(eye(a.shape(-2), a.dtype()), product(a, p));
  const array right = subtract(eye(a.shape(-1), a.dtype()), product(p, a));
  const array inside = negative(product(p, da, p));
  return {add(inside, add(product(p, ph, dah, left), product(right, dah, ph, p)))};
}

// Cholesky: dL = L half(L^-1 dA L^-H), where half() is the lower triangle with half the diagonal.

Arrays Cholesky::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                     const Arrays& outputs) const {
  const array l = upper ? adjoint(outputs[0]) : outputs[0];
  const array c = upper ? adjoint(cotangents[0]) : cotangents[0];
  const array lh = adjoint(l);
  const array middle = half_triangle(product(lh, triangle(c, false)), false);
  // L^-H middle L^-1, the right factor by solving for the adjoint
  const array left = linalg::solve_triangular(lh, middle, true);
  const array gradient = adjoint(linalg::solve_triangular(lh, adjoint(left), true));
  return {hermitian_part(gradient)};
}

Arrays Cholesky::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                     const Arrays& outputs) const {
  const array l = upper ? adjoint(outputs[0]) : outputs[0];
  const array left = linalg::solve_triangular(l, hermitian_part(tangents[0]), false);
  const array middle = adjoint(linalg::solve_triangular(l, adjoint(left), false));
  const array change = product(l, half_triangle(middle, false));
  return {upper ? adjoint(change) : change};
}

// Det, by its cofactors C: d det = sum(C * dA)

Arrays Det::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                const Arrays&) const {
  const array& a = primals[0];
  const array cofactors(a.shape(), a.dtype(), make_pooled<Cofactor>(stream()), {a});
  return {multiply(per_matrix(cotangents[0]), conjugated(cofactors))};
}

Arrays Det::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                const Arrays&) const {
  const array& a = primals[0];
  const array cofactors(a.shape(), a.dtype(), make_pooled<Cofactor>(stream()), {a});
  return {contraction(cofactors, tangents[0])};
}

// Cofactor: dC = trace(Y dA) C - Y^T dA^T C with Y = A^-1

Arrays Cofactor::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                     const Arrays& outputs) const {
  const array y = conjugated(linalg::inv(primals[0])), c = conjugated(outputs[0]);
  const array trace = multiply(per_matrix(contraction(cotangents[0], c)), transposed(y));
  return {subtract(trace, transposed(product(y, cotangents[0], transposed(c))))};
}

Arrays Cofactor::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                     const Arrays& outputs) const {
  const array y = transposed(linalg::inv(primals[0]));
  const array trace = multiply(per_matrix(contraction(y, tangents[0])), outputs[0]);
  return {subtract(trace, product(y, transposed(tangents[0]), outputs[0]))};
}

// SlogDet: with t = trace(A^-1 dA), the log changes by t's real part and the sign by its imaginary
// part times i.

Arrays SlogDet::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                    const Arrays& outputs) const {
  const array direction = adjoint(linalg::inv(primals[0]));
  array factor = astype(cotangents[1], primals[0].dtype());
  if (factor.dtype() == complex64) {
    const array turn = imag(multiply(cotangents[0], conjugate(outputs[0])));
    factor = add(factor, imaginary(turn));
  }
  return {multiply(per_matrix(factor), direction)};
}

Arrays SlogDet::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                    const Arrays& outputs) const {
  const array t = contraction(transposed(linalg::inv(primals[0])), tangents[0]);
  if (t.dtype() != complex64) return {zeros_like(outputs[0]), t};
  return {multiply(outputs[0], imaginary(imag(t))), real(t)};
}

}  // namespace quern
