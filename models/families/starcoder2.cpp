#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// StarCoder2 (Lozhkov et al. 2024): layer norms, biases everywhere, an MLP without a gate.
DecoderSpec describe_starcoder2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const bool bias = reader.boolean("use_bias", true);
  const MlpSpec mlp{.intermediate_size = config.intermediate_size,
                    .activation = read_activation(config, "hidden_act", "gelu"),
                    .gated = false,
                    .bias = bias,
                    .up = "c_fc",
                    .down = "c_proj"};
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, layer_norm_spec(config, "norm_epsilon"));
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.feed_forward = mlp;
    AttentionSpec& attention = attention_of(layer);
    set_biases(attention, bias, bias);
    attention.window = window_of_layer(config, int(i), true);
  }
  return decoder;
}

}  // namespace quern::models
