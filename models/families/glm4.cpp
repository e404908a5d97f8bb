#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// GLM-4 of 2024: Llama with half of each head turning, interleaved, and biases on queries, keys
/// and values.
DecoderSpec describe_glm(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.rope->interleaved = true;
    attention.output_bias = false;
    mlp_of(layer).fused = "gate_up_proj";
  }
  return decoder;
}

/// GLM-4-0414: the same with norms after attention and MLP too.
DecoderSpec describe_glm4(const ModelConfig& config) {
  DecoderSpec decoder = describe_glm(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer_post_norm = "post_self_attn_layernorm";
    layer.feed_forward_post_norm = "post_mlp_layernorm";
  }
  return decoder;
}

}  // namespace quern::models
