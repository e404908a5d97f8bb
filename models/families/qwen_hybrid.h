#pragma once

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

/// What Qwen3-Next and Qwen3.5 share: every fourth layer is gated attention, the others are gated
/// delta nets. Their feed-forward halves are the family's.
DecoderSpec qwen_hybrid_decoder(const ModelConfig& config);

/// Their experts, with one that all tokens share.
MoeSpec qwen_hybrid_moe(const ModelConfig& config);

/// Published norm weights lack 1, except those of the delta nets, and convolutions are [channels,
/// 1, kernel]; these tell whether a checkpoint is a published one.
WeightRule unshifts_norms();

}  // namespace quern::models
