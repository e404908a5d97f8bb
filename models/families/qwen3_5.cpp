#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/qwen_hybrid.h"

namespace quern::models {

/// The text part of Qwen3.5 (Qwen Team 2026), dense or, where `num_experts` says so, with experts.
DecoderSpec describe_qwen3_5(const ModelConfig& config) {
  DecoderSpec decoder = qwen_hybrid_decoder(config);
  const bool experts = config.reader().integer("num_experts", {0, 1 << 14}, 0) > 0;
  for (LayerSpec& layer : decoder.layers) {
    if (experts) {
      layer.feed_forward = qwen_hybrid_moe(config);
    } else {
      layer.feed_forward = common_mlp(config);
    }
  }
  // Published experts are stacked, gate and up in one, and lack ".weight".
  decoder.rules.push_back(
      splits("mlp.experts.gate_up_proj",
             {"mlp.switch_mlp.gate_proj.weight", "mlp.switch_mlp.up_proj.weight"}, -2));
  decoder.rules.push_back(renames("mlp.experts.down_proj", "mlp.switch_mlp.down_proj.weight"));
  return decoder;
}

}  // namespace quern::models
