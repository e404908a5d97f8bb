#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// StarCoder2 (Lozhkov et al. 2024): layer norms, biases everywhere, an MLP without a gate.
DecoderSpec describe_starcoder2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const bool bias = reader.boolean("use_bias", true);
  const NormSpec norm{.kind = NormSpec::Kind::layer,
                      .eps = reader.number("norm_epsilon", {0.0f, 1.0f}, 1e-5f),
                      .bias = true};
  const MlpSpec mlp{.intermediate_size = config.intermediate_size,
                    .activation = read_activation(config, "hidden_act", "gelu"),
                    .gated = false,
                    .bias = bias,
                    .up = "c_fc",
                    .down = "c_proj"};
  DecoderSpec decoder = common_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.norm = norm;
    layer.feed_forward = mlp;
    AttentionSpec& attention = attention_of(layer);
    attention.query_bias = attention.key_bias = attention.value_bias = attention.output_bias = bias;
    attention.window = window_of_layer(config, int(i), true);
  }
  decoder.norm = norm;
  return decoder;
}

}  // namespace quern::models
