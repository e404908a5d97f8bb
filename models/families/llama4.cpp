#include <fmt/format.h>

#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

constexpr Range<int> counts = {1, 1 << 14};

/// For each layer whether it sees positions. Those that do attend within chunks.
std::vector<bool> layers_with_positions(const ConfigReader& reader, const ModelConfig& config) {
  const int interval = reader.integer("no_rope_layer_interval", counts, 4);
  const std::vector<int32_t> given = reader.one_or_more_integers("no_rope_layers", {0, 1});
  if (!given.empty() && int(given.size()) != config.num_hidden_layers) {
    reader.fail("no_rope_layers", fmt::format("has {} entries for num_hidden_layers {}",
                                              given.size(), config.num_hidden_layers));
  }
  std::vector<bool> sees;
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    sees.push_back(given.empty() ? (i + 1) % interval != 0 : given[size_t(i)] != 0);
  }
  return sees;
}

/// For each layer whether it has experts.
std::vector<bool> layers_with_experts(const ConfigReader& reader, const ModelConfig& config) {
  std::vector<bool> has(size_t(config.num_hidden_layers), false);
  if (reader.is_list("moe_layers")) {
    const Range<int> layers = {0, config.num_hidden_layers - 1};
    for (const int i : reader.one_or_more_integers("moe_layers", layers)) has[size_t(i)] = true;
    return has;
  }
  const int step = reader.integer("interleave_moe_layer_step", {0, 1 << 14}, 1);
  if (step == 0) return has;
  for (size_t i = size_t(step) - 1; i < has.size(); i += size_t(step)) has[i] = true;
  return has;
}

/// True and false are spelt as numbers too.
bool tunes_temperature(const ConfigReader& reader) {
  const auto found = reader.json().find("attn_temperature_tuning");
  if (found != reader.json().end() && found->is_number()) return *found != 0;
  return reader.boolean("attn_temperature_tuning", true);
}

void describe_attention(const ConfigReader& reader, bool sees_positions, AttentionSpec& attention) {
  if (!sees_positions) {
    attention.rope.reset();
    if (!tunes_temperature(reader)) return;
    constexpr Range<float> positive = {1e-6f, 1e9f};
    attention.query_growth = QueryGrowth{.scale = reader.number("attn_scale", {0.0f, 1e3f}, 0.1f),
                                         .length = reader.number("floor_scale", positive, 8192),
                                         .shift = 1};
    return;
  }
  attention.rope->interleaved = true;
  attention.chunk = reader.json().contains("attention_chunk_size")
                        ? reader.optional_integer("attention_chunk_size", {1, 1 << 30})
                        : 8192;
  if (reader.boolean("use_qk_norm", true)) {
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    attention.norm.kind = NormSpec::Kind::rms_unweighted;
    attention.norm_after_rope = true;
  }
}

}  // namespace

/// The text part of Llama 4 (Meta 2025): three layers of four attend within chunks, the others
/// without positions; one expert per token, which gets its input weighed, beside a shared one.
/// Published experts' weights are [experts, in, out].
DecoderSpec describe_llama4(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const auto sees_positions = layers_with_positions(reader, config);
  const auto has_experts = layers_with_experts(reader, config);
  const int dense_size = reader.integer("intermediate_size_mlp", {1, 1 << 24}, 16384);
  DecoderSpec decoder = common_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    describe_attention(reader, sees_positions[i], attention_of(layer));
    layer.feed_forward_name = "feed_forward";
    if (!has_experts[i]) {
      mlp_of(layer).intermediate_size = dense_size;
      continue;
    }
    MoeSpec moe = common_moe(config);
    moe.expert.intermediate_size = config.intermediate_size;
    moe.router.scores = RouterSpec::Scores::sigmoid;
    moe.router.name = "router";
    moe.experts_name = "experts";
    moe.weighs_input = true;
    moe.shared = moe.expert;
    moe.shared_name = "shared_expert";
    layer.feed_forward = moe;
  }
  decoder.rules = {
      transposes_experts("experts.gate_up_proj"),
      transposes_experts("experts.down_proj"),
      splits("experts.gate_up_proj", {"experts.gate_proj.weight", "experts.up_proj.weight"}, -2),
      renames("experts.down_proj$", "experts.down_proj.weight"),
  };
  return decoder;
}

}  // namespace quern::models
