#include "models/families/gpt_layers.h"

#include "models/families/common.h"

namespace quern::models {

void set_gpt_layers(DecoderSpec& decoder, const ModelConfig& config, const std::string& prefix) {
  set_norm(decoder, layer_norm_spec(config, "layer_norm_epsilon"));
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer_name = "attn";
    layer.mixer_pre_norm = "ln_1";
    layer.feed_forward_pre_norm = "ln_2";
    layer.feed_forward = MlpSpec{.intermediate_size = config.intermediate_size,
                                 .activation = read_activation(config, "hidden_act", "gelu_new"),
                                 .gated = false,
                                 .bias = true,
                                 .up = "c_fc",
                                 .down = "c_proj"};
    AttentionSpec& attention = attention_of(layer);
    attention.rope.reset();
    attention.fused = "c_attn";
    attention.output = "c_proj";
    set_biases(attention, true, true);
  }
  decoder.embedding_name = prefix + "wte";
  decoder.position_embedding_name = prefix + "wpe";
  decoder.position_count = config.max_position_embeddings;
  decoder.layers_name = prefix + "h";
  decoder.norm_name = prefix + "ln_f";
  decoder.tied_head = config.tie_word_embeddings.value_or(true);
  for (const char* mask : {"attn.bias", "attn.masked_bias"}) decoder.ignored.push_back(mask);
}

}  // namespace quern::models
