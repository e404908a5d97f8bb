#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Qwen (Bai et al. 2023), the first: Llama under other names, half as wide inside as its config
/// says.
DecoderSpec describe_qwen(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const bool bias = !reader.boolean("no_bias", true);
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, {.eps = reader.number("layer_norm_epsilon", {0.0f, 1.0f}, 1e-6f)});
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer_name = "attn";
    layer.mixer_pre_norm = "ln_1";
    layer.feed_forward_pre_norm = "ln_2";
    AttentionSpec& attention = attention_of(layer);
    set_biases(attention, true, bias);
    attention.fused = "c_attn";
    attention.output = "c_proj";
    layer.feed_forward = MlpSpec{.intermediate_size = config.intermediate_size / 2,
                                 .bias = bias,
                                 .gate = "w2",
                                 .up = "w1",
                                 .down = "c_proj"};
  }
  decoder.embedding_name = "transformer.wte";
  decoder.layers_name = "transformer.h";
  decoder.norm_name = "transformer.ln_f";
  decoder.head_bias = bias;
  return decoder;
}

}  // namespace quern::models
