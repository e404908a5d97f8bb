#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern::models {

struct SelectiveScan {
  array outputs;  ///< [B, T, D]
  array state;    ///< [B, N, D] after the last token
};

/// The recurrence of Mamba (Gu & Dao 2023), in which each channel has a state of N numbers:
///   h_t = exp(a * steps_t) h_{t-1} + b_t (steps_t x_t)    and    y_t = c_t . h_t.
///
/// x, steps: [B, T, D], steps none below 0; a: [N, D], all below 0; b, c: [B, T, N]; state:
/// [B, N, D], what came before; none: zeros. All float32. Computed chunk by chunk, so that memory
/// for states does not grow with T; the result does not depend on the chunks.
SelectiveScan selective_scan(const array& x, const array& steps, const array& a, const array& b,
                             const array& c, const std::optional<array>& state);

}  // namespace quern::models
