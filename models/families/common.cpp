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
    {"relu2", Activation::relu_squared}, {"xielu", Activation::xielu},
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
  set_biases(attention, config.attention_bias, config.attention_bias);
  attention.norm.eps = config.rms_norm_eps;
  attention.rope = common_rope(config, config.rope);
  return attention;
}

LayerSpec common_layer(const ModelConfig& config) {
  return common_layer(config, common_attention(config));
}

LayerSpec common_layer(const ModelConfig& config, decltype(LayerSpec::mixer) mixer) {
  if (config.intermediate_size == 0) config.reader().fail("intermediate_size", "is missing");
  LayerSpec layer;
  layer.mixer = std::move(mixer);
  layer.feed_forward = MlpSpec{.intermediate_size = config.intermediate_size,
                               .activation = read_activation(config, "hidden_act", "silu"),
                               .bias = config.mlp_bias};
  layer.norm.eps = config.rms_norm_eps;
  return layer;
}

DecoderSpec common_decoder(const ModelConfig& config) {
  return common_decoder(config, common_layer(config));
}

DecoderSpec common_decoder(const ModelConfig& config, const LayerSpec& layer) {
  DecoderSpec decoder;
  decoder.hidden_size = config.hidden_size;
  decoder.vocab_size = config.vocab_size;
  decoder.layers.assign(size_t(config.num_hidden_layers), layer);
  decoder.norm.eps = config.rms_norm_eps;
  decoder.tied_head = config.tie_word_embeddings;
  return decoder;
}

RopeSpec common_rope(const ModelConfig& config, const RopeConfig& rope) {
  return common_rope(config, rope, config.head_dim);
}

RopeSpec common_rope(const ModelConfig& config, const RopeConfig& rope, int head_dim) {
  const bool all = rope.kind == RopeConfig::Kind::proportional;
  const int turning = all ? head_dim : int(float(head_dim) * rope.partial_rotary_factor);
  return {.config = rope,
          .dims = turning - turning % 2,
          .interleaved = config.reader().boolean("rope_traditional", false),
          .max_position_embeddings = config.max_position_embeddings};
}

bool layer_slides(const ModelConfig& config, int layer, bool when_unsaid) {
  if (config.layer_types.empty()) return when_unsaid;
  return config.layer_types[size_t(layer)] == "sliding_attention";
}

std::optional<int> window_of_layer(const ModelConfig& config, int layer, bool slides) {
  return layer_slides(config, layer, slides) ? config.sliding_window : std::nullopt;
}

ModelConfig with_intermediate_size(ModelConfig config) {
  if (config.intermediate_size == 0) config.intermediate_size = 4 * config.hidden_size;
  return config;
}

void set_norm(DecoderSpec& decoder, const NormSpec& norm) {
  for (LayerSpec& layer : decoder.layers) layer.norm = norm;
  decoder.norm = norm;
}

NormSpec layer_norm_spec(const ModelConfig& config, const char* eps_key) {
  return {.kind = NormSpec::Kind::layer,
          .eps = config.reader().number(eps_key, {0.0f, 1.0f}, 1e-5f),
          .bias = true};
}

void set_biases(AttentionSpec& attention, bool inputs, bool output) {
  attention.query_bias = attention.key_bias = attention.value_bias = inputs;
  attention.output_bias = output;
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

void norm_around(LayerSpec& layer) {
  norm_after(layer);
  layer.mixer_pre_norm = "input_layernorm";
  layer.feed_forward_pre_norm = "pre_feedforward_layernorm";
}

AttentionSpec& attention_of(LayerSpec& layer) { return std::get<AttentionSpec>(layer.mixer); }

MlpSpec& mlp_of(LayerSpec& layer) { return std::get<MlpSpec>(layer.feed_forward); }

}  // namespace quern::models
