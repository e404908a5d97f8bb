#include "models/config/published_defaults.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace quern::models {

namespace {

using Json = nlohmann::json;

struct Defaults {
  std::string_view model_type;
  const char* keys;  ///< JSON
};

constexpr Defaults everywhere[] = {
    {"apertus", R"({"rope_theta": 12000000.0, "rms_norm_eps": 1e-5})"},
    {"ernie4_5", R"({"rope_theta": 500000.0, "rms_norm_eps": 1e-5})"},
    {"gemma2", R"({"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
                   "query_pre_attn_scalar": 256, "sliding_window": 4096, "head_dim": 256})"},
    {"gemma3_text", R"({"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
                        "query_pre_attn_scalar": 256, "sliding_window": 4096,
                        "head_dim": 256})"},
    {"gemma3n_text", R"({"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
                         "final_logit_softcapping": 30.0, "sliding_window": 512, "head_dim": 256,
                         "num_kv_shared_layers": 15, "altup_coef_clip": 120.0})"},
    {"gemma4_text", R"({"sliding_window": 512, "head_dim": 256, "global_head_dim": 512,
                        "rope_parameters": {
                            "full_attention": {"rope_type": "proportional", "rope_theta": 1000000.0,
                                               "partial_rotary_factor": 0.25},
                            "sliding_attention": {"rope_type": "default",
                                                  "rope_theta": 10000.0}}})"},
    {"glm", R"({"partial_rotary_factor": 0.5, "head_dim": 128})"},
    {"glm4", R"({"partial_rotary_factor": 0.5, "head_dim": 128})"},
    {"gpt_neox", R"({"partial_rotary_factor": 0.25})"},
    {"mimo", R"({"rope_theta": 640000.0})"},
    {"nemotron", R"({"partial_rotary_factor": 0.5, "rms_norm_eps": 1e-5})"},
    {"olmo3", R"({"rms_norm_eps": 1e-5, "sliding_window": 4096})"},
    {"phi", R"({"partial_rotary_factor": 0.5})"},
    {"phi3", R"({"original_max_position_embeddings": 4096})"},
    {"seed_oss", R"({"attention_bias": true})"},
    {"stablelm", R"({"partial_rotary_factor": 0.25})"},
};

constexpr Defaults in_text_parts[] = {
    {"gemma3_text", R"({"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216,
                        "num_hidden_layers": 26, "num_attention_heads": 8,
                        "num_key_value_heads": 4, "max_position_embeddings": 131072})"},
    {"llama", R"({"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
                  "num_hidden_layers": 32, "num_attention_heads": 32})"},
    {"mistral", R"({"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
                    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
                    "max_position_embeddings": 131072, "sliding_window": 4096})"},
};

template <size_t N>
void fill(Json& config, const std::string& model_type, const Defaults (&table)[N]) {
  for (const Defaults& row : table) {
    if (row.model_type != model_type) continue;
    const Json keys = Json::parse(row.keys);
    for (const auto& [key, value] : keys.items()) {
      if (!config.contains(key)) config[key] = value;
    }
  }
}

}  // namespace

void fill_published_defaults(Json& config, bool is_text_part) {
  const auto type = config.find("model_type");
  if (type == config.end() || !type->is_string()) return;
  fill(config, type->get<std::string>(), everywhere);
  if (is_text_part) fill(config, type->get<std::string>(), in_text_parts);
}

}  // namespace quern::models
