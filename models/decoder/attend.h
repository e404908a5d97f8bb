#pragma once

#include <optional>

#include "engine/array/array.h"
#include "models/cache/token_rows.h"
#include "models/decoder/attention_mask.h"

namespace quern::models {

struct ScoreOptions {
  float scale = 1.0f;
  std::optional<float> softcap = {};  ///< scores become cap * tanh(score / cap) (Gemma 2)
  std::optional<array> sinks = {};    ///< [H]: one more score per head, which has no value
};

/// Attention of queries [B, H, T, D] to the keys and values of H_kv heads -> [B, H, T, D_v], in the
/// queries' dtype. Quantized rows are never expanded as a whole. The softmax is in float32.
array attend(const array& queries, const SeenTokens& seen, const ScoreOptions& options,
             const AttentionMask& mask);

}  // namespace quern::models
