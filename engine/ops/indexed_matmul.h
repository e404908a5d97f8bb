#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern {

// Matrix products over parts of the operands that other arrays name. Dtypes promote as in matmul;
// floats of 16 bits are accumulated in float32 and rounded once.

/// a[lhs_indices] @ b[rhs_indices], where an index names one of the matrices of a: [..., M, K] or
/// b: [..., K, N], counted in row-major order of the batch axes. The indices broadcast; where they
/// are absent they name all matrices in order. Result: [indices' shape, M, N].
///
/// Products that share a matrix of b are computed as one with more rows, whether or not
/// `sorted_indices` promises that rhs_indices ascend.
///
/// Throws std::invalid_argument when a or b has fewer than 2 axes, inner lengths differ, the dtype
/// is an integer or indices are not integers, and std::out_of_range, when evaluated, for an index
/// that is negative or too large.
array gather_mm(array a, array b, std::optional<array> lhs_indices = std::nullopt,
                std::optional<array> rhs_indices = std::nullopt, bool sorted_indices = false,
                StreamOrDevice s = {});

/// a[:, k:l] @ b[k:l] for each (k, l) in segments: [..., 2]. a: [M, K], b: [K, N] -> [..., M, N].
/// An empty segment gives zeros.
///
/// Throws std::invalid_argument when a or b has not 2 axes, inner lengths differ, segments are not
/// pairs of integers or the dtype is an integer, and std::out_of_range, when evaluated, for a
/// segment outside [0, K].
array segmented_mm(array a, array b, array segments, StreamOrDevice s = {});

}  // namespace quern
