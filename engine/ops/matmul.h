#pragma once

#include "engine/array/array.h"

namespace quern {

// Matrix products over the last two axes. The other axes are batches and broadcast (NumPy's rule).
// A 1-D left operand counts as a row and a 1-D right operand as a column, whose axis the result
// drops. Floats of 16 bits are accumulated in float32 and rounded once. Transposed operands are
// read where they lie.
//
// Throws std::invalid_argument for a scalar operand, for inner lengths that differ and for integers
// alone.

/// a: [..., M, K], b: [..., K, N] -> [..., M, N] in the dtype that both promote to.
array matmul(const array& a, const array& b, StreamOrDevice s = {});

/// alpha * (a @ b) + beta * c, where c broadcasts to the product's shape. c is not read when beta
/// is 0.
array addmm(array c, array a, array b, const float& alpha = 1.0f, const float& beta = 1.0f,
            StreamOrDevice s = {});

}  // namespace quern
