#pragma once

#include "engine/array/array.h"
#include "models/decoder/attention_mask.h"

namespace quern::models {

/// Attention whose scores become cap * tanh(score / cap) before the softmax (Gemma 2). queries:
/// [B, H, T, D]; keys, values: [B, H_kv, S, D]; -> [B, H, T, D]. The softmax is in float32.
array soft_capped_attention(const array& queries, const array& keys, const array& values,
                            float scale, float cap, const AttentionMask& mask);

}  // namespace quern::models
