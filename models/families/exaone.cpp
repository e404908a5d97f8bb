#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// EXAONE 3 and 3.5 (An et al. 2024): Llama under other names.
DecoderSpec describe_exaone(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, {.eps = config.reader().number("layer_norm_epsilon", {0.0f, 1.0f}, 1e-5f)});
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer_name = "attn.attention";
    layer.mixer_pre_norm = "ln_1";
    layer.feed_forward_pre_norm = "ln_2";
    attention_of(layer).output = "out_proj";
    MlpSpec& mlp = mlp_of(layer);
    mlp.gate = "c_fc_0";
    mlp.up = "c_fc_1";
    mlp.down = "c_proj";
  }
  decoder.embedding_name = "transformer.wte";
  decoder.layers_name = "transformer.h";
  decoder.norm_name = "transformer.ln_f";
  return decoder;
}

}  // namespace quern::models
