#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// OLMoE (Muennighoff et al. 2024): queries and keys normalised over all heads together, experts in
/// every layer.
DecoderSpec describe_olmoe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  if (reader.has("clip_qkv")) {
    reader.fail("clip_qkv", "is set, which is not supported",
                "Choose another version of the model.");
  }
  MoeSpec moe = common_moe(config);
  moe.router.normalised = reader.boolean("norm_topk_prob", false);
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).query_key_norm = AttentionSpec::QueryKeyNorm::all_heads;
    layer.feed_forward = moe;
  }
  decoder.rules = {stacks_expert_mlps("mlp")};
  return decoder;
}

}  // namespace quern::models
