#include "models/config/normalise_config.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "models/config/published_defaults.h"

namespace quern::models {

namespace {

using Json = nlohmann::json;

constexpr const char* text_parts[] = {"text_config", "llm_config", "language_config"};

/// Name in the file, and the one that it is read under.
constexpr std::pair<const char*, const char*> other_names[] = {
    {"n_embd", "hidden_size"},
    {"d_model", "hidden_size"},
    {"n_layer", "num_hidden_layers"},
    {"n_layers", "num_hidden_layers"},
    {"num_layers", "num_hidden_layers"},
    {"n_head", "num_attention_heads"},
    {"n_heads", "num_attention_heads"},
    {"n_kv_heads", "num_key_value_heads"},
    {"n_inner", "intermediate_size"},
    {"n_positions", "max_position_embeddings"},
    {"n_ctx", "max_position_embeddings"},
    {"max_seq_len", "max_position_embeddings"},
    {"max_sequence_length", "max_position_embeddings"},
    {"rotary_emb_base", "rope_theta"},
    {"rotary_pct", "partial_rotary_factor"},
    {"rope_pct", "partial_rotary_factor"},
    {"model_dim", "hidden_size"},
    {"num_transformer_layers", "num_hidden_layers"},
    {"max_context_length", "max_position_embeddings"},
    {"rope_freq_constant", "rope_theta"},
    {"norm_eps", "rms_norm_eps"},
    {"activation_function", "hidden_act"},
    {"num_local_experts", "num_experts"},
    {"n_routed_experts", "num_experts"},
    {"moe_num_experts", "num_experts"},
    {"layers_block_type", "layer_types"},
    {"block_ff_dim", "intermediate_size"},
    {"theta", "rope_theta"},
    {"experts_per_token", "num_experts_per_tok"},
    {"top_k_experts", "num_experts_per_tok"},
    {"moe_k", "num_experts_per_tok"},
};

bool is_given(const Json& config, const char* key) {
  const auto found = config.find(key);
  return found != config.end() && !found->is_null();
}

/// What the text part leaves unsaid is as the whole says; none when the config is that of a text
/// model.
std::optional<Json> text_part(Json& config) {
  for (const char* name : text_parts) {
    if (!is_given(config, name) || !config[name].is_object()) continue;
    Json part = std::move(config[name]);
    config.erase(name);
    for (auto& [key, value] : config.items()) {
      if (!is_given(part, key.c_str())) part[key] = std::move(value);
    }
    return part;
  }
  return std::nullopt;
}

/// The number of layers, where only their kinds are listed.
void count_layers(Json& config) {
  const auto listed = [&](const char* key) { return is_given(config, key); };
  if (listed("hybrid_override_pattern") && config["hybrid_override_pattern"].is_string()) {
    config["num_hidden_layers"] = config["hybrid_override_pattern"].get<std::string>().size();
  } else if (listed("layer_types") && config["layer_types"].is_array() &&
             !listed("num_hidden_layers")) {
    config["num_hidden_layers"] = config["layer_types"].size();
  }
}

}  // namespace

Json normalise_config(Json config) {
  const auto part = text_part(config);
  if (part) config = *part;
  for (const auto& [other, name] : other_names) {
    if (is_given(config, other) && !is_given(config, name)) config[name] = config[other];
  }
  count_layers(config);
  fill_published_defaults(config, part.has_value());
  return config;
}

}  // namespace quern::models
