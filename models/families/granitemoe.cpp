#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// Granite 3 with experts, and with an MLP for all tokens beside them where the config has
/// `shared_intermediate_size`.
DecoderSpec describe_granitemoe(const ModelConfig& config) {
  MoeSpec moe = common_moe(config);
  moe.router.normalised = true;
  moe.router.name = "block_sparse_moe.router.layer";
  moe.experts_name = "block_sparse_moe.switch_mlp";
  const int shared_size = config.reader().integer("shared_intermediate_size", {0, 1 << 24}, 0);
  if (config.model_type != "granitemoe" && shared_size > 0) {
    moe.shared = moe.expert;
    moe.shared->intermediate_size = shared_size;
    moe.shared->fused = "input_linear";
    moe.shared->down = "output_linear";
    moe.shared_name = "shared_mlp";
  }
  DecoderSpec decoder = describe_granite(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.feed_forward = moe;
    layer.feed_forward_name = "";
  }
  decoder.rules = {
      splits("block_sparse_moe.input_linear",
             {"block_sparse_moe.switch_mlp.gate_proj", "block_sparse_moe.switch_mlp.up_proj"}, -2),
      renames("block_sparse_moe.output_linear", "block_sparse_moe.switch_mlp.down_proj"),
  };
  return decoder;
}

}  // namespace quern::models
