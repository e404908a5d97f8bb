#include "engine/primitives/matrix_rules.h"

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern {

array adjoint(const array& a) {
  const array turned = swapaxes(a, -1, -2);
  return a.dtype() == complex64 ? conjugate(turned) : turned;
}

array hermitian_part(const array& a) { return multiply(add(a, adjoint(a)), scalar_like(0.5, a)); }

array product(const array& a, const array& b) { return matmul(a, b); }
array product(const array& a, const array& b, const array& c) { return matmul(matmul(a, b), c); }
array product(const array& a, const array& b, const array& c, const array& d) {
  return matmul(matmul(a, b), matmul(c, d));
}

array to_diagonal(const array& elements) {
  return multiply(expand_dims(elements, -2), eye(elements.shape(-1), elements.dtype()));
}

array diagonal_of(const array& a) {
  const array zero = zeros_like(a);
  return sum(where(eye(a.shape(-1), bool_), a, zero), -1);
}

array triangle(const array& a, bool upper) { return upper ? triu(a) : tril(a); }

array half_triangle(const array& a, bool upper) {
  const array halves = subtract(ones({a.shape(-1), a.shape(-1)}, a.dtype()),
                                multiply(scalar_like(0.5, a), eye(a.shape(-1), a.dtype())));
  return triangle(multiply(a, halves), upper);
}

array block(const array& a, int row, int rows, int column, int columns) {
  Shape start(a.ndim(), 0), stop = a.shape();
  start[a.ndim() - 2] = row;
  stop[a.ndim() - 2] = row + rows;
  start[a.ndim() - 1] = column;
  stop[a.ndim() - 1] = column + columns;
  return slice(a, std::move(start), std::move(stop));
}

array fit_matrix(const array& a, int rows, int columns) {
  array fitted = block(a, 0, std::min(rows, a.shape(-2)), 0, std::min(columns, a.shape(-1)));
  for (const auto& [axis, length] : {std::pair(-2, rows), std::pair(-1, columns)}) {
    const int missing = length - fitted.shape(axis);
    if (missing == 0) continue;
    Shape shape = fitted.shape();
    shape[size_t(int(fitted.ndim()) + axis)] = missing;
    fitted = concatenate({fitted, zeros(shape, a.dtype())}, axis);
  }
  return fitted;
}

array reciprocal_differences(const array& x) {
  const array differences = subtract(expand_dims(x, -2), expand_dims(x, -1));
  const array none = equal(differences, zeros_like(differences));
  // Divides by 1 where it would by 0, so that what is discarded has no derivative that is NaN.
  const array divisor = where(none, ones_like(differences), differences);
  return where(none, zeros_like(differences), reciprocal(divisor));
}

array scalar_like(double value, const array& like) { return array(value, like.dtype()); }

array imaginary(const array& a) { return multiply(a, array(complex64_t(0, 1))); }

}  // namespace quern
