#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Phi-1 to Phi-2 (Gunasekar et al. 2023): layer norms, biases everywhere, attention and MLP in
/// parallel, heads that turn in part.
DecoderSpec describe_phi(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.parallel = true;
    layer.feed_forward_pre_norm.reset();
    layer.feed_forward = MlpSpec{.intermediate_size = config.intermediate_size,
                                 .activation = read_activation(config, "hidden_act", "gelu_new"),
                                 .gated = false,
                                 .bias = true,
                                 .up = "fc1",
                                 .down = "fc2"};
    AttentionSpec& attention = attention_of(layer);
    set_biases(attention, true, true);
    attention.output = "dense";
    if (reader.boolean("qk_layernorm", false)) {
      attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
      attention.query_norm = "q_layernorm";
      attention.key_norm = "k_layernorm";
      attention.norm = layer_norm_spec(config, "layer_norm_eps");
    }
  }
  set_norm(decoder, layer_norm_spec(config, "layer_norm_eps"));
  decoder.norm_name = "model.final_layernorm";
  decoder.head_bias = true;
  return decoder;
}

}  // namespace quern::models
