#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// dots.llm1 (rednote-hilab 2025): queries and keys normalised, experts as in DeepSeek-V3.
DecoderSpec describe_dots1(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  MoeSpec moe = common_moe(config);
  route_by_sigmoid(config, moe.router);
  moe.experts_name = "experts";
  share_experts(moe, reader.integer("n_shared_experts", {0, 1 << 10}, 0));
  const int first_window = reader.integer("max_window_layers", {0, 1 << 14}, 62);
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    AttentionSpec& attention = attention_of(decoder.layers[size_t(i)]);
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    attention.window = window_of_layer(config, i, i >= first_window);
  }
  for (const int i : layers_after_dense(config)) decoder.layers[size_t(i)].feed_forward = moe;
  decoder.rules = {stacks_expert_mlps("mlp", "experts")};
  return decoder;
}

}  // namespace quern::models
