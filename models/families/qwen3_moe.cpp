#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/qwen_experts.h"

namespace quern::models {

/// Qwen3 with experts (Yang et al. 2025).
DecoderSpec describe_qwen3_moe(const ModelConfig& config) {
  DecoderSpec decoder = describe_qwen3(config);
  MoeSpec moe = common_moe(config);
  moe.router.normalised = config.reader().boolean("norm_topk_prob", false);
  for (const int i : qwen_expert_layers(config)) decoder.layers[size_t(i)].feed_forward = moe;
  decoder.rules = {stacks_expert_mlps("mlp")};
  return decoder;
}

}  // namespace quern::models
