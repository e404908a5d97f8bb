#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Arcee AFM: Llama with a squared ReLU instead of a gate.
DecoderSpec describe_arcee(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    mlp_of(layer).gated = false;
    mlp_of(layer).activation = read_activation(config, "hidden_act", "relu2");
  }
  return decoder;
}

}  // namespace quern::models
