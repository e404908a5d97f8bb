#pragma once

#include <optional>
#include <vector>

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

/// One query each of N sequences, [N, H, 1, D], that sees all of its own -> [N, H, 1, D_v].
array attend_each(const array& queries, const std::vector<SeenTokens>& seen,
                  const ScoreOptions& options);

/// Element i of a batch [N, ...], as a batch [1, ...].
array element_of(const array& batch, size_t i);

}  // namespace quern::models
