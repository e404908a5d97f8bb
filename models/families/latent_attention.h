#pragma once

#include "models/config/model_config.h"
#include "models/decoder/mla_spec.h"
#include "models/weights/weight_rule.h"

namespace quern::models {

/// Multi-head latent attention under the keys of DeepSeek's configs. Its rotary pairs are
/// neighbours.
MlaSpec read_latent_attention(const ModelConfig& config);

/// kv_b_proj of floats becomes embed_q and unembed_out, as MLX keeps them. A quantized one stays:
/// only as a whole is it exact.
WeightRule splits_latent_projection(const MlaSpec& attention);

}  // namespace quern::models
