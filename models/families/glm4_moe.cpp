#include <fmt/format.h>

#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// GLM-4.5 to 4.7 (Zeng et al. 2025): half of each head turns, experts as in DeepSeek-V3.
DecoderSpec describe_glm4_moe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  MoeSpec moe = common_moe(config);
  route_by_sigmoid(config, moe.router);
  share_experts(moe, reader.integer("n_shared_experts", {0, 1 << 10}, 0));
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.output_bias = false;
    if (reader.boolean("use_qk_norm", false)) {
      attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    }
  }
  for (const int i : layers_after_dense(config)) decoder.layers[size_t(i)].feed_forward = moe;
  // The layer after the last guesses a second token ahead.
  decoder.rules = {drops(fmt::format("layers.{}", config.num_hidden_layers)),
                   stacks_expert_mlps("mlp")};
  return decoder;
}

}  // namespace quern::models
