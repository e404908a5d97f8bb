#include <algorithm>

#include "engine/ops/shape.h"
#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

constexpr const char* correction = "moe_statics.e_score_correction_bias";

MoeSpec ernie_moe(const ConfigReader& reader, const ModelConfig& config, bool bias) {
  MoeSpec moe = common_moe(config);
  if (reader.text("moe_gate_act", "softmax") == "sigmoid") {
    moe.router.scores = RouterSpec::Scores::sigmoid;
  }
  moe.router.normalised = true;
  moe.router.correction = correction;
  moe.router.correction_needed = false;  // conversions to MLX lack it
  moe.expert.bias = bias;
  share_experts(moe, reader.integer("moe_num_shared_experts", {0, 1 << 10}, 0));
  return moe;
}

}  // namespace

/// ERNIE 4.5 with experts (Baidu 2025): neighbours turn together, experts in some layers.
DecoderSpec describe_ernie4_5_moe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<int> layers = {-1, 1 << 14};
  const bool bias = reader.boolean("use_bias", false);
  const int interval = reader.integer("moe_layer_interval", {1, 1 << 14}, 1);
  const int first = reader.integer("moe_layer_start_index", layers, 0);
  const int end = reader.integer("moe_layer_end_index", layers, -1);
  const int last = end == -1 ? config.num_hidden_layers - 1 : end;
  const MoeSpec moe = ernie_moe(reader, config, bias);
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    AttentionSpec& attention = attention_of(layer);
    attention.rope->interleaved = true;
    attention.query_bias = attention.key_bias = attention.value_bias = attention.output_bias = bias;
    mlp_of(layer).bias = bias;
    if ((i + 1) % interval == 0 && i >= first && i <= last) layer.feed_forward = moe;
  }
  decoder.head_bias = bias;
  decoder.rules = {
      drops("mtp_block"),
      drops("mtp_linear_proj"),
      drops("mtp_hidden_norm"),
      drops("mtp_emb_norm"),
      stacks_expert_mlps("mlp"),
      changes(
          correction, [](const array& x) { return flatten(x); },
          [](const array& x) { return expand_dims(x, 0); }),
  };
  return decoder;
}

}  // namespace quern::models
