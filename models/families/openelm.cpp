#include <fmt/format.h>

#include <algorithm>

#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

/// To the nearest multiple, but no less than one and nine tenths of the value.
int nearest_multiple(float value, int of) {
  const int nearest = std::max(of, int(value + float(of) / 2) / of * of);
  return float(nearest) < 0.9f * value ? nearest + of : nearest;
}

/// One entry for each layer.
template <typename T>
T at_layer(const ModelConfig& config, const char* key, const std::vector<T>& values, int layer) {
  if (int(values.size()) != config.num_hidden_layers) {
    config.reader().fail(key, fmt::format("has {} entries for num_hidden_layers {}", values.size(),
                                          config.num_hidden_layers));
  }
  return values[size_t(layer)];
}

}  // namespace

/// OpenELM (Mehta et al. 2024): layers that differ in their heads and in their width.
DecoderSpec describe_openelm(const ModelConfig& given) {
  const ConfigReader reader = given.reader();
  const std::vector<int> heads = reader.one_or_more_integers("num_query_heads", {1, 1 << 14});
  const std::vector<int> keys = reader.one_or_more_integers("num_kv_heads", {1, 1 << 14});
  const std::vector<float> widths = reader.numbers("ffn_multipliers", {1e-3f, 1e3f});
  const int divisor = reader.integer("ffn_dim_divisor", {1, 1 << 14}, 256);
  DecoderSpec decoder;
  for (int i = 0; i < given.num_hidden_layers; ++i) {
    ModelConfig config = given;
    config.num_attention_heads = at_layer(given, "num_query_heads", heads, i);
    config.num_key_value_heads = at_layer(given, "num_kv_heads", keys, i);
    if (config.num_attention_heads % config.num_key_value_heads != 0) {
      reader.fail("num_query_heads",
                  fmt::format("has {} for layer {}, no multiple of {} keys",
                              config.num_attention_heads, i, config.num_key_value_heads));
    }
    const float width = at_layer(given, "ffn_multipliers", widths, i) * float(given.hidden_size);
    config.intermediate_size = nearest_multiple(width, divisor);
    LayerSpec layer = common_layer(config);
    layer.mixer_name = "attn";
    layer.mixer_pre_norm = "attn_norm";
    layer.feed_forward_name = "ffn";
    layer.feed_forward_pre_norm = "ffn_norm";
    AttentionSpec& attention = attention_of(layer);
    attention.fused = "qkv_proj";
    attention.output = "out_proj";
    if (reader.boolean("normalize_qk_projections", true)) {
      attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    }
    MlpSpec& mlp = mlp_of(layer);
    mlp.activation = read_activation(given, "activation_fn_name", "swish");
    mlp.gated = reader.boolean("ffn_with_glu", true);
    mlp.up = "proj_1";
    mlp.down = "proj_2";
    if (mlp.gated) mlp.fused = "proj_1";
    if (decoder.layers.empty()) decoder = common_decoder(config);
    decoder.layers[size_t(i)] = layer;
  }
  decoder.tied_head = reader.boolean("share_input_output_layers", true);
  decoder.embedding_name = "transformer.token_embeddings";
  decoder.layers_name = "transformer.layers";
  decoder.norm_name = "transformer.norm";
  return decoder;
}

}  // namespace quern::models
