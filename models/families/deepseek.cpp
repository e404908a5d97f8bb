#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/latent_attention.h"

namespace quern::models {

namespace {

constexpr Range<int> counts = {1, 1 << 14};

/// Latent attention everywhere; experts, routed as `router` says, in all layers but the first few.
DecoderSpec describe(const ModelConfig& config, void (*route)(const ModelConfig&, RouterSpec&)) {
  const ConfigReader reader = config.reader();
  const int first = reader.integer("first_k_dense_replace", {0, 1 << 14}, 0);
  const int step = reader.integer("moe_layer_freq", counts, 1);
  DecoderSpec decoder = common_decoder(config, common_layer(config, read_latent_attention(config)));
  decoder.rules = {drops_layers_from(config.num_hidden_layers), stacks_expert_mlps("mlp")};
  if (!reader.has("num_experts")) return decoder;
  MoeSpec moe = common_moe(config);
  route(config, moe.router);
  if (moe.router.experts_per_token == 1) moe.router.normalised = false;
  if (const auto shared = reader.optional_integer("n_shared_experts", {1, 64})) {
    moe.shared = moe.expert;
    moe.shared->intermediate_size *= *shared;
  }
  for (int i = first; i < config.num_hidden_layers; ++i) {
    if (i % step == 0) decoder.layers[size_t(i)].feed_forward = moe;
  }
  return decoder;
}

void route_by_softmax(const ModelConfig& config, RouterSpec& router) {
  const ConfigReader reader = config.reader();
  router.normalised = reader.boolean("norm_topk_prob", false);
  if (!router.normalised) {
    router.scale = reader.number("routed_scaling_factor", {1e-6f, 1e6f}, 1.0f);
  }
  if (reader.text("topk_method", "greedy") != "group_limited_greedy") return;
  router.groups = reader.integer("n_group", counts, 1);
  router.groups_per_token = reader.integer("topk_group", counts, 1);
  router.group_score = RouterSpec::GroupScore::best;
}

}  // namespace

/// DeepSeek-V2 and V2-Lite (DeepSeek-AI 2024).
DecoderSpec describe_deepseek_v2(const ModelConfig& config) {
  return describe(config, route_by_softmax);
}

/// DeepSeek-V3 and R1 (DeepSeek-AI 2024), and models of their shape: Kimi K2, JoyAI.
DecoderSpec describe_deepseek_v3(const ModelConfig& config) {
  DecoderSpec decoder = describe(config, route_by_sigmoid);
  decoder.rules.push_back(splits_latent_projection(read_latent_attention(config)));
  return decoder;
}

}  // namespace quern::models
