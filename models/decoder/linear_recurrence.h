#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern::models {

// Recurrences whose state is a matrix per head, computed chunk by chunk with matrix products: what
// they give is what going from token to token would, whatever the chunks. Everything is float32.
//
// queries, keys: [B, T, G, N]; values: [B, T, H, P], H a multiple of G: head h reads the query and
// key h / (H / G). log_decays: [B, T, H], none above 0. state: [B, H, N, P], what came before;
// none: zeros.

struct Recurrence {
  array outputs;  ///< [B, T, H, P]
  array state;    ///< after the last token
};

/// Linear attention with decay, to which Mamba 2 comes down (Dao & Gu 2024). With decay d_t,
///   S_t = exp(d_t) S_{t-1} + k_t v_t^T    and    y_t = S_t^T q_t.
Recurrence decayed_attention(const array& queries, const array& keys, const array& values,
                             const array& log_decays, const std::optional<array>& state);

/// The gated delta rule (Yang, Kautz & Hatamizadeh 2024): what the state has for a key moves, at
/// rate b_t, to the value. rates: [B, T, H], each in [0, 1]; keys of length 1 at most.
///   S_t = exp(d_t) S_{t-1} + b_t k_t (v_t - exp(d_t) S_{t-1}^T k_t)^T    and    y_t = S_t^T q_t.
Recurrence gated_delta_rule(const array& queries, const array& keys, const array& values,
                            const array& log_decays, const array& rates,
                            const std::optional<array>& state);

}  // namespace quern::models
