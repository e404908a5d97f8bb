#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern {

/// `scale` (1 / sqrt(n) when absent, which makes the transform orthogonal) times H @ x for each row
/// x of a: [..., n], where n is m * 2^k and m is 1, 12, 20 or 28. H is the Kronecker product of a
/// Hadamard matrix of order m with k of order 2 (Sylvester's).
///
/// Computed in float32 for half dtypes; bool and integers give float32. Throws
/// std::invalid_argument for a scalar, another length and complex64.
array hadamard_transform(const array& a, std::optional<float> scale = std::nullopt,
                         StreamOrDevice s = {});

}  // namespace quern
