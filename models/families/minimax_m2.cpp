#include <algorithm>

#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// MiniMax-M2 (MiniMax 2025): queries and keys normalised over all heads together, experts in every
/// layer.
DecoderSpec describe_minimax_m2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const std::vector<int32_t> kinds = reader.one_or_more_integers("attn_type_list", {0, 1});
  const auto& types = config.layer_types;
  if (std::find(kinds.begin(), kinds.end(), 0) != kinds.end() ||
      std::find(types.begin(), types.end(), "linear_attention") != types.end()) {
    reader.fail("model_type", "is \"minimax\" with linear attention, which is not supported",
                "Choose MiniMax-M2 or a later model.");
  }
  MoeSpec moe = common_moe(config);
  moe.router.scores = RouterSpec::Scores::sigmoid;
  moe.router.normalised = true;
  if (reader.boolean("use_routing_bias", true)) moe.router.correction = "e_score_correction_bias";
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.rope->dims = reader.integer("rotary_dim", {2, config.head_dim}, attention.rope->dims);
    if (reader.boolean("use_qk_norm", true)) {
      attention.query_key_norm = AttentionSpec::QueryKeyNorm::all_heads;
    }
    layer.feed_forward = moe;
    layer.feed_forward_name = "block_sparse_moe";
  }
  decoder.rules = {stacks_numbered_experts("block_sparse_moe")};
  return decoder;
}

}  // namespace quern::models
