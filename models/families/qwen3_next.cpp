#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/qwen_experts.h"
#include "models/families/qwen_hybrid.h"

namespace quern::models {

/// Qwen3-Next (Qwen Team 2025).
DecoderSpec describe_qwen3_next(const ModelConfig& config) {
  DecoderSpec decoder = qwen_hybrid_decoder(config);
  const std::vector<int> with_experts = qwen_expert_layers(config);
  for (LayerSpec& layer : decoder.layers) {
    if (auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) delta->by_key_head = true;
    if (with_experts.size() < decoder.layers.size()) layer.feed_forward = common_mlp(config);
  }
  for (const int i : with_experts) {
    decoder.layers[size_t(i)].feed_forward = qwen_hybrid_moe(config);
  }
  decoder.rules.push_back(stacks_expert_mlps("mlp"));
  return decoder;
}

}  // namespace quern::models
