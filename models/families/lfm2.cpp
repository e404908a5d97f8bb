#include "models/decoder/causal_conv.h"
#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

namespace {

/// A config may give the size of an MLP without a gate: one with a gate has 2/3 of it, rounded up.
int feed_forward_size(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int size = reader.integer("block_ff_dim", {1, 1 << 24}, config.intermediate_size);
  if (size == 0) reader.fail("intermediate_size", "is missing");
  if (!reader.boolean("block_auto_adjust_ff_dim", true)) return size;
  const float factor = reader.number("block_ffn_dim_multiplier", {1e-3f, 64.0f}, 1.0f);
  const int multiple = reader.integer("block_multiple_of", {1, 1 << 20}, 256);
  const int adjusted = int(double(factor) * (2 * size / 3));
  return (adjusted + multiple - 1) / multiple * multiple;
}

/// All but the MLPs: layers of attention, listed by number or type, among short convolutions.
DecoderSpec decoder_of(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  std::vector<bool> attends = attention_layers(config, 1, 0);
  if (config.layer_types.empty() && reader.has("full_attn_idxs")) {
    attends.assign(attends.size(), false);
    for (const int i :
         reader.one_or_more_integers("full_attn_idxs", {0, config.num_hidden_layers - 1})) {
      attends[size_t(i)] = true;
    }
  }
  const ShortConvSpec conv{.channels = config.hidden_size,
                           .kernel = reader.integer("conv_L_cache", {2, 256}, 3),
                           .bias = reader.boolean("conv_bias", false)};
  AttentionSpec attention = common_attention(config);
  attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
  attention.query_norm = "q_layernorm";
  attention.key_norm = "k_layernorm";
  attention.output = "out_proj";
  if (!says_of_rope(config, "rope_theta")) attention.rope->config.theta = 1e6f;

  DecoderSpec decoder = bare_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.mixer_pre_norm = "operator_norm";
    layer.feed_forward_pre_norm = "ffn_norm";
    layer.feed_forward_name = "feed_forward";
    if (attends[i]) {
      layer.mixer = attention;
    } else {
      layer.mixer = conv;
      layer.mixer_name = "conv";
    }
  }
  decoder.norm_name = "model.embedding_norm";
  decoder.rules = {turns_conv("conv")};
  return decoder;
}

}  // namespace

/// LFM2 (Liquid AI 2025): gated short convolutions, and attention in some layers.
DecoderSpec describe_lfm2(const ModelConfig& config) {
  DecoderSpec decoder = decoder_of(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.feed_forward = MlpSpec{
        .intermediate_size = feed_forward_size(config), .gate = "w1", .up = "w3", .down = "w2"};
  }
  return decoder;
}

/// The same with experts, but in the first layers.
DecoderSpec describe_lfm2_moe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int dense = reader.integer("num_dense_layers", {0, 1 << 14}, 2);
  MoeSpec moe = common_moe(config);
  moe.router.scores = RouterSpec::Scores::sigmoid;
  moe.router.normalised = reader.boolean("norm_topk_prob", true);
  moe.router.scale = reader.number("routed_scaling_factor", {1e-6f, 1e6f}, 1.0f);
  if (reader.boolean("use_expert_bias", true)) moe.router.correction = "expert_bias";

  DecoderSpec decoder = decoder_of(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    if (int(i) < dense) {
      decoder.layers[i].feed_forward = common_mlp(config);
    } else {
      decoder.layers[i].feed_forward = moe;
    }
  }
  decoder.rules.push_back(stacks_numbered_experts("feed_forward"));
  decoder.rules.push_back(renames("feed_forward.w1", "feed_forward.gate_proj"));
  decoder.rules.push_back(renames("feed_forward.w3", "feed_forward.up_proj"));
  decoder.rules.push_back(renames("feed_forward.w2", "feed_forward.down_proj"));
  return decoder;
}

}  // namespace quern::models
