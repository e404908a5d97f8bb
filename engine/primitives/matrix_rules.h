#pragma once

#include "engine/array/array.h"

namespace quern {

// What the derivatives of matrix functions are written in: matrices are the last two axes.

/// The conjugate transpose.
array adjoint(const array& a);
/// (a + a^H) / 2.
array hermitian_part(const array& a);
/// The product of several matrices, from the left.
array product(const array& a, const array& b);
array product(const array& a, const array& b, const array& c);
array product(const array& a, const array& b, const array& c, const array& d);
/// [.., n] -> [.., n, n] and back.
array to_diagonal(const array& elements);
array diagonal_of(const array& a);
/// The lower (upper) triangle; with half the diagonal.
array triangle(const array& a, bool upper);
array half_triangle(const array& a, bool upper);
/// Rows [row, row + rows) and columns [column, column + columns).
array block(const array& a, int row, int rows, int column, int columns);
/// The leading rows and columns, or with zeros behind what there is.
array fit_matrix(const array& a, int rows, int columns);
/// 1 / (x_j - x_i) at (i, j), 0 where the two are equal.
array reciprocal_differences(const array& x);
/// A number as a scalar of the dtype of `like`.
array scalar_like(double value, const array& like);
/// i times a real array, complex64.
array imaginary(const array& a);

}  // namespace quern
