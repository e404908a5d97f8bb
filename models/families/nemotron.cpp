#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Nemotron-4 and Minitron (Parmar et al. 2024): layer norms with weights stored minus 1, a squared
/// ReLU without a gate, heads that turn in part.
DecoderSpec describe_nemotron(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder,
           {.kind = NormSpec::Kind::layer_plus_one, .eps = config.rms_norm_eps, .bias = true});
  for (LayerSpec& layer : decoder.layers) {
    mlp_of(layer).gated = false;
    mlp_of(layer).activation = read_activation(config, "hidden_act", "relu2");
  }
  return decoder;
}

}  // namespace quern::models
