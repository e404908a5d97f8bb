#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/array/array.h"

/// Linear algebra over the matrices in the last two axes; the axes before them are batches. The
/// factorisations and what follows from them take float32, float64 and complex64 and run on the CPU
/// by LAPACK. They throw std::invalid_argument for other dtypes and for shapes that do not fit, and
/// std::runtime_error, when evaluated, for a matrix that has no result: singular, not positive
/// definite, with NaN or infinite elements where an iteration would not end.
namespace quern::linalg {

// Norms, of any dtype: float32 for bool and integers, and for complex64.
//
// Over one axis they are those of vectors: ord 0 counts the elements that are not 0, infinities
// give the largest and smallest magnitude, else sum(|a|^ord)^(1/ord). Over two axes (rows, columns)
// they are those of matrices: 1 and -1 give the largest and smallest sum of a column, infinities
// those of a row, 2 and -2 the largest and smallest singular value, "fro" (or "f") the root of the
// sum of squares, "nuc" the sum of singular values. Without axes: all axes. Throw
// std::invalid_argument for another number of axes or another ord.

array norm(const array& a, const double ord,
           const std::optional<std::vector<int>>& axis = std::nullopt, bool keepdims = false,
           StreamOrDevice s = {});
array norm(const array& a, const double ord, int axis, bool keepdims = false,
           StreamOrDevice s = {});
array norm(const array& a, const std::string& ord,
           const std::optional<std::vector<int>>& axis = std::nullopt, bool keepdims = false,
           StreamOrDevice s = {});
array norm(const array& a, const std::string& ord, int axis, bool keepdims = false,
           StreamOrDevice s = {});
/// Root of the sum of squares, over one or two axes or all elements.
array norm(const array& a, const std::optional<std::vector<int>>& axis = std::nullopt,
           bool keepdims = false, StreamOrDevice s = {});
array norm(const array& a, int axis, bool keepdims = false, StreamOrDevice s = {});

/// {Q [.., m, k], R [.., k, n]} with a = Q R, k = min(m, n): Q has orthonormal columns, R is upper
/// triangular.
std::pair<array, array> qr(const array& a, StreamOrDevice s = {});

/// {U [.., m, m], S [.., k], V^H [.., n, n]} with a = U[:, :k] diag(S) V^H[:k, :], k = min(m, n), S
/// real and descending; or {S}.
std::vector<array> svd(const array& a, bool compute_uv, StreamOrDevice s = {});
std::vector<array> svd(const array& a, StreamOrDevice s = {});

/// Inverse of square matrices; of triangular ones, whose other triangle is not read.
array inv(const array& a, StreamOrDevice s = {});
array tri_inv(const array& a, bool upper = false, StreamOrDevice s = {});
/// The Moore-Penrose inverse [.., n, m]; singular values below 10 max(m, n) eps times the largest
/// count as 0.
array pinv(const array& a, StreamOrDevice s = {});

/// Lower L with a = L L^H, or upper U with a = U^H U, of Hermitian positive definite a, of which
/// only that triangle is read.
array cholesky(const array& a, bool upper = false, StreamOrDevice s = {});
/// The inverse of the matrix whose Cholesky factor is `a`.
array cholesky_inv(const array& a, bool upper = false, StreamOrDevice s = {});

/// {P, L, U} with a = L[P, :] U: P [.., m] uint32, L [.., m, k] with ones on the diagonal, U [..,
/// k, n]; the largest element of a column is its pivot. Singular matrices have zeros on U's
/// diagonal.
std::vector<array> lu(const array& a, StreamOrDevice s = {});
/// {L below the diagonal and U at and above it [.., m, n]; pivots [.., k] uint32: the row that row
/// i was exchanged with, in turn}.
std::pair<array, array> lu_factor(const array& a, StreamOrDevice s = {});

/// x with a x = b, for a [.., n, n] and b [.., n, k] or [n]; batch axes broadcast.
array solve(const array& a, const array& b, StreamOrDevice s = {});
/// The same for triangular a, whose other triangle is not read.
array solve_triangular(const array& a, const array& b, bool upper = false, StreamOrDevice s = {});

/// The product of vectors of length 3, or 2 (their third is 0), along the axis; the other axes
/// broadcast. Any dtype.
array cross(const array& a, const array& b, int axis = -1, StreamOrDevice s = {});

/// {eigenvalues w [.., n], eigenvectors V [.., n, n] of length 1 in columns} with a V = V diag(w),
/// complex64, in no particular order.
std::pair<array, array> eig(const array& a, StreamOrDevice s = {});
array eigvals(const array& a, StreamOrDevice s = {});
/// The same for Hermitian matrices: w real and ascending, V unitary. UPLO "L" or "U": the triangle
/// that is read.
array eigvalsh(const array& a, std::string UPLO = "L", StreamOrDevice s = {});
std::pair<array, array> eigh(const array& a, std::string UPLO = "L", StreamOrDevice s = {});

/// The determinant [..].
array det(const array& a, StreamOrDevice s = {});
/// {its sign (of complex64: its direction), the log of its magnitude}: 0 and -inf for singular a.
std::pair<array, array> slogdet(const array& a, StreamOrDevice s = {});

}  // namespace quern::linalg
