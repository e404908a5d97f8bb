#pragma once

#include <optional>

#include "engine/array/array.h"

/// The fast operations in plain ones: what they mean, what checks a backend's own kernels, and what
/// a backend without them runs, what float64 runs, and what their derivatives of higher order come
/// from. Arguments are those that the fast operations have checked. Computed in float32, or in
/// float64 when that is the result's dtype.
namespace quern::fast::fallback {

array rms_norm(const array& x, const std::optional<array>& weight, float eps,
               StreamOrDevice s = {});

array layer_norm(const array& x, const std::optional<array>& weight,
                 const std::optional<array>& bias, float eps, StreamOrDevice s = {});

/// offset: int32 with 1 element or B; freqs: [dims / 2] when there is no base. `forward` false
/// turns back.
array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           const array& offset, const std::optional<array>& freqs, bool forward = true,
           StreamOrDevice s = {});

/// Stores all scores.
array scaled_dot_product_attention(const array& queries, const array& keys, const array& values,
                                   float scale, bool causal, const std::optional<array>& mask,
                                   const std::optional<array>& sinks, StreamOrDevice s = {});

/// targets: int32, of the shape of logits without its last axis.
array cross_entropy(const array& logits, const array& targets, StreamOrDevice s = {});

}  // namespace quern::fast::fallback
