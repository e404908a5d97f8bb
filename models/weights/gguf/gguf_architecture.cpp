#include "models/weights/gguf/gguf_architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace quern::models {

namespace {

using Json = nlohmann::json;
using enum GgufKey::Kind;

constexpr GgufKey common_keys[] = {
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.sliding_window", "sliding_window"},
    {"rope.freq_base", "rope_theta", number},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", number},
    {"expert_used_count", "num_experts_per_tok"},
};

constexpr GgufName outer_names[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

constexpr GgufName common_names[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
    {"ffn_gate_inp", "mlp.gate"},
    {"ffn_gate_exps", "mlp.switch_mlp.gate_proj"},
    {"ffn_up_exps", "mlp.switch_mlp.up_proj"},
    {"ffn_down_exps", "mlp.switch_mlp.down_proj"},
};

constexpr GgufName mixtral_names[] = {
    {"ffn_gate_inp", "block_sparse_moe.gate"},
    {"ffn_gate_exps", "block_sparse_moe.switch_mlp.gate_proj"},
    {"ffn_up_exps", "block_sparse_moe.switch_mlp.up_proj"},
    {"ffn_down_exps", "block_sparse_moe.switch_mlp.down_proj"},
};

/// Norms after attention and MLP, with or without ones before.
constexpr GgufName sandwich_names[] = {
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_norm", "pre_feedforward_layernorm"},
};

constexpr GgufName fused_names[] = {
    {"attn_qkv", "self_attn.qkv_proj"},
    {"ffn_up", "mlp.gate_up_proj"},
};

constexpr GgufName glm4_names[] = {
    {"post_attention_norm", "post_self_attn_layernorm"},
    {"post_ffw_norm", "post_mlp_layernorm"},
    {"ffn_up", "mlp.gate_up_proj"},
};

constexpr GgufName starcoder2_names[] = {
    {"ffn_up", "mlp.c_fc"},
    {"ffn_down", "mlp.c_proj"},
};

constexpr GgufName gpt_oss_names[] = {
    {"post_attention_norm", "post_attention_layernorm"},
    {"attn_sinks.weight", "self_attn.sinks"},
    {"ffn_gate_inp", "mlp.router"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
};

constexpr GgufName qwen2_moe_names[] = {
    {"ffn_gate_shexp", "mlp.shared_expert.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_expert.up_proj"},
    {"ffn_down_shexp", "mlp.shared_expert.down_proj"},
    {"ffn_gate_inp_shexp", "mlp.shared_expert_gate"},
};

constexpr GgufName deepseek_names[] = {
    {"exp_probs_b.bias", "mlp.gate.e_score_correction_bias"},
    {"attn_q_a", "self_attn.q_a_proj"},
    {"attn_q_a_norm", "self_attn.q_a_layernorm"},
    {"attn_q_b", "self_attn.q_b_proj"},
    {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
    {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
    {"attn_kv_b", "self_attn.kv_b_proj"},
    {"attn_k_b", "self_attn.embed_q"},
    {"attn_v_b", "self_attn.unembed_out"},
    {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
    {"ffn_down_shexp", "mlp.shared_experts.down_proj"},
};

constexpr GgufKey layer_norm_keys[] = {
    {"attention.layer_norm_epsilon", "layer_norm_eps", number},
    {"logit_scale", "logit_scale", number},
};
constexpr GgufKey starcoder2_keys[] = {
    {"attention.layer_norm_epsilon", "norm_epsilon", number},
};
constexpr GgufKey granite_keys[] = {
    {"attention.scale", "attention_multiplier", number},
    {"embedding_scale", "embedding_multiplier", number},
    {"residual_scale", "residual_multiplier", number},
    {"logit_scale", "logits_scaling", number},
};
constexpr GgufKey gemma2_keys[] = {
    {"attn_logit_softcapping", "attn_logit_softcapping", number},
    {"final_logit_softcapping", "final_logit_softcapping", number},
};
constexpr GgufKey experts_keys[] = {
    {"expert_count", "num_experts"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
};
constexpr GgufKey local_experts_keys[] = {
    {"expert_count", "num_local_experts"},
};
constexpr GgufKey deepseek_keys[] = {
    {"expert_count", "n_routed_experts"},
    {"expert_shared_count", "n_shared_experts"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_weights_scale", "routed_scaling_factor", number},
    {"expert_weights_norm", "norm_topk_prob", boolean},
    {"expert_group_count", "n_group"},
    {"expert_group_used_count", "topk_group"},
    {"leading_dense_block_count", "first_k_dense_replace"},
    {"attention.q_lora_rank", "q_lora_rank"},
    {"attention.kv_lora_rank", "kv_lora_rank"},
    {"rope.dimension_count", "qk_rope_head_dim"},
};

int64_t integer_or(const Json& config, const char* key, int64_t otherwise) {
  const auto found = config.find(key);
  return found == config.end() || !found->is_number_integer() ? otherwise : found->get<int64_t>();
}

/// Scores are scaled by the size of a head; in the largest models by that of the model shared among
/// the heads.
void complete_gemma2(const GgufMetadata&, const std::string&, Json& config) {
  const int64_t layers = integer_or(config, "num_hidden_layers", 0);
  const int64_t heads = std::max<int64_t>(integer_or(config, "num_attention_heads", 1), 1);
  const int64_t shared = integer_or(config, "hidden_size", 0) / heads;
  const bool largest = layers == 46 || layers == 62;
  config["query_pre_attn_scalar"] = largest ? shared : integer_or(config, "head_dim", shared);
}

void complete_gemma3(const GgufMetadata& metadata, const std::string& prefix, Json& config) {
  complete_gemma2(metadata, prefix, config);
  config["rope_local_base_freq"] = metadata.number(prefix + "rope.freq_base_swa").value_or(10000.0);
  config["sliding_window_pattern"] = 6;
}

void complete_gpt_oss(const GgufMetadata&, const std::string&, Json& config) {
  Json types = Json::array();
  // A bound: the number is checked later.
  const int64_t layers =
      std::clamp<int64_t>(integer_or(config, "num_hidden_layers", 0), 0, 1 << 14);
  for (int64_t i = 0; i < layers; ++i)
    types.push_back(i % 2 == 0 ? "sliding_attention" : "full_attention");
  config["layer_types"] = types;
  if (config.contains("rope_scaling")) config["rope_scaling"]["truncate"] = false;
}

/// Lengths of a head's parts, which newer files give for the expanded heads under keys of their
/// own; and which of the two models of this architecture it is.
void complete_deepseek2(const GgufMetadata& metadata, const std::string& prefix, Json& config) {
  const auto length = [&](const char* part) {
    const auto expanded = metadata.integer(fmt::format("{}attention.{}_length_mla", prefix, part));
    return expanded
               ? *expanded
               : metadata.integer(fmt::format("{}attention.{}_length", prefix, part)).value_or(0);
  };
  config["v_head_dim"] = length("value");
  config["qk_nope_head_dim"] = length("key") - integer_or(config, "qk_rope_head_dim", 0);
  config["num_key_value_heads"] = integer_or(config, "num_attention_heads", 0);
  config.erase("head_dim");
  constexpr int64_t sigmoid = 2;
  const bool third = metadata.integer(prefix + "expert_gating_func").value_or(1) == sigmoid;
  config["model_type"] = third ? "deepseek_v3" : "deepseek_v2";
  config["scoring_func"] = third ? "sigmoid" : "softmax";
  config["topk_method"] = third                        ? "noaux_tc"
                          : config.contains("n_group") ? "group_limited_greedy"
                                                       : "greedy";
  // The file has a tenth of it.
  if (const auto tenth = metadata.number(prefix + "rope.scaling.yarn_log_multiplier");
      tenth && config.contains("rope_scaling")) {
    config["rope_scaling"]["mscale"] = config["rope_scaling"]["mscale_all_dim"] = 10 * *tenth;
  }
}

constexpr const char* gemma_constants = R"({"hidden_activation": "gelu_pytorch_tanh"})";

constexpr GgufArchitecture architectures[] = {
    {.name = "llama", .model_type = "llama", .permutes_heads = true},
    {.name = "llama",
     .model_type = "mixtral",
     .keys = local_experts_keys,
     .names = mixtral_names,
     .permutes_heads = true},
    {.name = "qwen2", .model_type = "qwen2"},
    {.name = "qwen2moe",
     .model_type = "qwen2_moe",
     .keys = experts_keys,
     .names = qwen2_moe_names,
     .constants = R"({"norm_topk_prob": false})"},
    {.name = "qwen3", .model_type = "qwen3"},
    {.name = "qwen3moe",
     .model_type = "qwen3_moe",
     .keys = experts_keys,
     .constants = R"({"norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": []})"},
    {.name = "gemma", .model_type = "gemma", .constants = gemma_constants, .norms_plus_one = true},
    {.name = "gemma2",
     .model_type = "gemma2",
     .keys = gemma2_keys,
     .names = sandwich_names,
     .constants = gemma_constants,
     .norms_plus_one = true,
     .complete = complete_gemma2},
    {.name = "gemma3",
     .model_type = "gemma3_text",
     .keys = gemma2_keys,
     .names = sandwich_names,
     .constants = gemma_constants,
     .norms_plus_one = true,
     .complete = complete_gemma3},
    {.name = "phi3", .model_type = "phi3", .names = fused_names},
    {.name = "glm4",
     .model_type = "glm4",
     .names = glm4_names,
     .constants = R"({"attention_bias": true})"},
    {.name = "granite", .model_type = "granite", .keys = granite_keys, .permutes_heads = true},
    {.name = "smollm3", .model_type = "smollm3", .permutes_heads = true},
    {.name = "olmo2", .model_type = "olmo2", .names = sandwich_names},
    {.name = "exaone4", .model_type = "exaone4", .names = sandwich_names},
    {.name = "starcoder2",
     .model_type = "starcoder2",
     .keys = starcoder2_keys,
     .names = starcoder2_names,
     .constants = R"({"hidden_act": "gelu_pytorch_tanh", "use_bias": true})"},
    {.name = "command-r", .model_type = "cohere", .keys = layer_norm_keys},
    {.name = "cohere2", .model_type = "cohere2", .keys = layer_norm_keys},
    {.name = "gpt-oss",
     .model_type = "gpt_oss",
     .keys = local_experts_keys,
     .names = gpt_oss_names,
     .constants = R"({"attention_bias": true})",
     .complete = complete_gpt_oss},
    {.name = "deepseek2",
     .model_type = "deepseek_v3",
     .keys = deepseek_keys,
     .names = deepseek_names,
     .complete = complete_deepseek2},
};

constexpr std::string_view layers_gguf = "blk.", layers_published = "model.layers.";

/// A name's head, taken for another; none when it is not this row's. The rest, "." and on, stays.
std::optional<std::string> exchanged(const std::string& name, std::string_view from,
                                     std::string_view to) {
  if (!name.starts_with(from)) return std::nullopt;
  const std::string_view rest = std::string_view(name).substr(from.size());
  if (!rest.empty() && rest[0] != '.') return std::nullopt;
  // "attn_q" is no head of "attn_q.a.weight": only an ending may follow.
  if (!rest.empty() && rest.find('.', 1) != std::string_view::npos) return std::nullopt;
  return fmt::format("{}{}", to, rest);
}

std::string_view end_of(const GgufName& row, bool to_published) {
  return to_published ? row.gguf : row.published;
}

/// Looks a name up among rows, in the one direction or the other.
std::optional<std::string> look_up(std::span<const GgufName> rows, const std::string& name,
                                   bool to_published) {
  for (const GgufName& row : rows) {
    if (auto found = exchanged(name, end_of(row, to_published), end_of(row, !to_published)))
      return found;
  }
  return std::nullopt;
}

/// The name, or none when it is not known.
std::optional<std::string> translated(const GgufArchitecture& architecture, const std::string& name,
                                      bool to_published) {
  const std::string_view head = to_published ? layers_gguf : layers_published;
  if (!name.starts_with(head)) return look_up(outer_names, name, to_published);
  const size_t dot = name.find('.', head.size());
  if (dot == std::string::npos) return std::nullopt;
  const std::string layer = name.substr(head.size(), dot - head.size());
  const std::string part = name.substr(dot + 1);
  auto found = look_up(architecture.names, part, to_published);
  if (!found) found = look_up(common_names, part, to_published);
  if (!found) return std::nullopt;
  return fmt::format("{}{}.{}", to_published ? layers_published : layers_gguf, layer, *found);
}

}  // namespace

std::span<const GgufArchitecture> gguf_architectures() { return architectures; }
std::span<const GgufKey> common_gguf_keys() { return common_keys; }

const GgufArchitecture* find_gguf_architecture(std::string_view name, bool has_experts) {
  const GgufArchitecture* found = nullptr;
  for (const GgufArchitecture& row : architectures) {
    if (row.name != name) continue;
    // Of two rows of one name the second is that with experts.
    if (!found || has_experts) found = &row;
  }
  return found;
}

const GgufArchitecture* find_gguf_architecture_of(std::string_view model_type) {
  if (model_type == "mistral") model_type = "llama";
  for (const GgufArchitecture& row : architectures) {
    if (row.model_type == model_type && row.name != "deepseek2") return &row;
  }
  return nullptr;
}

std::string published_name(const GgufArchitecture& architecture, const std::string& gguf) {
  return translated(architecture, gguf, true).value_or(gguf);
}

std::string gguf_name(const GgufArchitecture& architecture, const std::string& published) {
  return translated(architecture, published, false).value_or("");
}

}  // namespace quern::models
