#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Phi-3 (Abdin et al. 2024) to Phi-4-mini: Llama with fused projections; all layers slide.
DecoderSpec describe_phi3(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    AttentionSpec& attention = attention_of(layer);
    attention.fused = "qkv_proj";
    attention.window = window_of_layer(config, i, true);
    mlp_of(layer).fused = "gate_up_proj";
  }
  return decoder;
}

}  // namespace quern::models
