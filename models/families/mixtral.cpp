#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// Mixtral (Jiang et al. 2024): Mistral with eight experts for its MLP.
DecoderSpec describe_mixtral(const ModelConfig& config) {
  MoeSpec moe = common_moe(config);
  moe.router.normalised = true;
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    attention_of(layer).window = window_of_layer(config, i, true);
    layer.feed_forward = moe;
    layer.feed_forward_name = "block_sparse_moe";
  }
  decoder.rules = {stacks_numbered_experts("block_sparse_moe")};
  return decoder;
}

}  // namespace quern::models
