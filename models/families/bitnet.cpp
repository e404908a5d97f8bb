#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// BitNet b1.58 (Ma et al. 2025): a squared ReLU gate, and norms before the last projections of
/// attention and MLP.
DecoderSpec describe_bitnet(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).output_norm = "attn_sub_norm";
    MlpSpec& mlp = mlp_of(layer);
    mlp.activation = read_activation(config, "hidden_act", "relu2");
    mlp.down_norm = "ffn_sub_norm";
    mlp.norm = layer.norm;
  }
  return decoder;
}

}  // namespace quern::models
