#include "models/families/common.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

namespace quern::models {

namespace {

constexpr std::pair<std::string_view, Activation> activations[] = {
    {"silu", Activation::silu},          {"swish", Activation::silu},
    {"gelu", Activation::gelu},          {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_new", Activation::gelu_tanh}, {"gelu_fast", Activation::gelu_tanh},
    {"gelu_pytorch", Activation::gelu},  {"relu", Activation::relu},
    {"relu2", Activation::relu_squared},
};

}  // namespace

AttentionSpec common_attention(const ModelConfig& config) {
  if (config.num_attention_heads == 0) config.reader().fail("num_attention_heads", "is missing");
  if (config.head_dim == 0) {
    config.reader().fail("hidden_size",
                         fmt::format("is {}, which num_attention_heads {} does not divide",
                                     config.hidden_size, config.num_attention_heads));
  }
  AttentionSpec attention;
  attention.num_heads = config.num_attention_heads;
  attention.num_key_value_heads = config.num_key_value_heads;
  attention.head_dim = config.head_dim;
  attention.scale = 1.0f / std::sqrt(float(config.head_dim));
  attention.query_bias = attention.key_bias = attention.value_bias = attention.output_bias =
      config.attention_bias;
  attention.norm.eps = config.rms_norm_eps;
  const int turning = int(float(config.head_dim) * config.rope.partial_rotary_factor);
  attention.rope = RopeSpec{.config = config.rope,
                            .dims = turning - turning % 2,
                            .max_position_embeddings = config.max_position_embeddings};
  return attention;
}

MlpSpec common_mlp(const ModelConfig& config) {
  if (config.intermediate_size == 0) config.reader().fail("intermediate_size", "is missing");
  return {.intermediate_size = config.intermediate_size,
          .activation = read_activation(config, "hidden_act", "silu"),
          .bias = config.mlp_bias};
}

LayerSpec common_layer(const ModelConfig& config) {
  LayerSpec layer;
  layer.mixer = common_attention(config);
  layer.feed_forward = common_mlp(config);
  layer.norm.eps = config.rms_norm_eps;
  return layer;
}

DecoderSpec common_decoder(const ModelConfig& config) {
  DecoderSpec decoder = bare_decoder(config);
  decoder.layers.assign(size_t(config.num_hidden_layers), common_layer(config));
  return decoder;
}

DecoderSpec bare_decoder(const ModelConfig& config) {
  LayerSpec layer;
  layer.norm.eps = config.rms_norm_eps;
  DecoderSpec decoder;
  decoder.hidden_size = config.hidden_size;
  decoder.vocab_size = config.vocab_size;
  decoder.layers.assign(size_t(config.num_hidden_layers), layer);
  decoder.norm.eps = config.rms_norm_eps;
  decoder.tied_head = config.tie_word_embeddings;
  return decoder;
}

std::optional<int> window_of_layer(const ModelConfig& config, int layer, bool slides) {
  if (!config.layer_types.empty()) {
    slides = config.layer_types[size_t(layer)] == "sliding_attention";
  }
  return slides ? config.sliding_window : std::nullopt;
}

Activation read_activation(const ModelConfig& config, const char* key, const char* when_absent) {
  const std::string name = config.reader().text(key, when_absent);
  for (const auto& [known, activation] : activations) {
    if (name == known) return activation;
  }
  config.reader().fail(key, fmt::format("is \"{}\", which is no known activation", name),
                       "Update Quern, or choose another model.");
}

void norm_after(LayerSpec& layer) {
  layer.mixer_pre_norm.reset();
  layer.feed_forward_pre_norm.reset();
  layer.mixer_post_norm = "post_attention_layernorm";
  layer.feed_forward_post_norm = "post_feedforward_layernorm";
}

AttentionSpec& attention_of(LayerSpec& layer) { return std::get<AttentionSpec>(layer.mixer); }

MlpSpec& mlp_of(LayerSpec& layer) { return std::get<MlpSpec>(layer.feed_forward); }

}  // namespace quern::models
