#pragma once

#include <vector>

#include "engine/array/array.h"

namespace quern {

// Products of arrays along axes, made of matrix products: dtypes promote as in matmul. All
// functions throw std::invalid_argument, naming themselves and the numbers, for axes and lengths
// that do not fit.

/// Sums over the last `axis` axes of a and the first of b: [a's others..., b's others...].
array tensordot(const array& a, const array& b, const int axis = 2, StreamOrDevice s = {});
/// The same over axes_a[i] of a together with axes_b[i] of b.
array tensordot(const array& a, const array& b, const std::vector<int>& axes_a,
                const std::vector<int>& axes_b, StreamOrDevice s = {});

/// out[i, j] = a[i] * b[j] for the flattened arrays. Any dtype.
array outer(const array& a, const array& b, StreamOrDevice s = {});

/// Sums over the last axes of both: [a's others..., b's others...]. A scalar multiplies.
array inner(const array& a, const array& b, StreamOrDevice s = {});

/// The sum of conj(a) * b over an axis that both have, counted from the end; the others broadcast.
/// Any dtype.
array vecdot(const array& a, const array& b, int axis = -1, StreamOrDevice s = {});

/// Kronecker product: out[i * len(b) + j] = a[i] * b[j] along every axis. The array with fewer axes
/// gets axes of length 1 in front. Any dtype.
array kron(const array& a, const array& b, StreamOrDevice s = {});

}  // namespace quern
