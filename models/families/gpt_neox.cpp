#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// GPT-NeoX and Pythia (Black et al. 2022): layer norms, biases, heads that turn in part, attention
/// and MLP in parallel with a norm for each.
DecoderSpec describe_gpt_neox(const ModelConfig& given) {
  const ModelConfig config = with_intermediate_size(given);
  const ConfigReader reader = config.reader();
  const bool bias = reader.boolean("attention_bias", true);
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, layer_norm_spec(config, "layer_norm_eps"));
  for (LayerSpec& layer : decoder.layers) {
    layer.parallel = reader.boolean("use_parallel_residual", true);
    layer.mixer_name = "attention";
    layer.feed_forward = MlpSpec{.intermediate_size = config.intermediate_size,
                                 .activation = read_activation(config, "hidden_act", "gelu_fast"),
                                 .gated = false,
                                 .bias = true,
                                 .up = "dense_h_to_4h",
                                 .down = "dense_4h_to_h"};
    AttentionSpec& attention = attention_of(layer);
    set_biases(attention, bias, bias);
    attention.fused = "query_key_value";
    attention.fused_by_group = true;
    attention.output = "dense";
  }
  decoder.embedding_name = "model.embed_in";
  decoder.layers_name = "model.h";
  decoder.norm_name = "model.final_layer_norm";
  decoder.head_name = "model.embed_out";
  for (const char* mask : {"attention.bias", "attention.masked_bias"}) {
    decoder.ignored.push_back(mask);
  }
  decoder.rules = {renames("^gpt_neox", "model"), renames("^model.layers", "model.h"),
                   renames("^embed_out", "model.embed_out")};
  return decoder;
}

}  // namespace quern::models
