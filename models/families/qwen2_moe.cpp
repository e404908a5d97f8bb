#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/qwen_experts.h"

namespace quern::models {

/// Qwen1.5 and Qwen2 with experts: one of them sees every token, behind a gate of its own.
DecoderSpec describe_qwen2_moe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  DecoderSpec decoder = describe_qwen2(config);
  const bool bias = reader.boolean("qkv_bias", true);
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.query_bias = attention.key_bias = attention.value_bias = bias;
  }
  MoeSpec moe = common_moe(config);
  moe.router.normalised = reader.boolean("norm_topk_prob", false);
  moe.shared = moe.expert;
  moe.shared->intermediate_size = reader.integer("shared_expert_intermediate_size", {1, 1 << 24});
  moe.shared_name = "shared_expert";
  moe.shared_gate_name = "shared_expert_gate";
  for (const int i : qwen_expert_layers(config)) decoder.layers[size_t(i)].feed_forward = moe;
  decoder.rules = {stacks_expert_mlps("mlp")};
  return decoder;
}

}  // namespace quern::models
