#pragma once

#include <optional>

#include "engine/array/array.h"

/// The fast operations in plain ones: what they mean, what checks a backend's own kernels, and what
/// a backend without them runs. Arguments are those that the fast operations have checked.
namespace quern::fast::fallback {

array rms_norm(const array& x, const std::optional<array>& weight, float eps,
               StreamOrDevice s = {});

array layer_norm(const array& x, const std::optional<array>& weight,
                 const std::optional<array>& bias, float eps, StreamOrDevice s = {});

/// offset: int32 with 1 element or B; freqs: [dims / 2] when there is no base.
array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           const array& offset, const std::optional<array>& freqs, StreamOrDevice s = {});

/// Stores all scores.
array scaled_dot_product_attention(const array& queries, const array& keys, const array& values,
                                   float scale, bool causal, const std::optional<array>& mask,
                                   const std::optional<array>& sinks, StreamOrDevice s = {});

}  // namespace quern::fast::fallback
