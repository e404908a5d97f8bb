#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Llama 1 to 3.3 (Touvron et al. 2023, Dubey et al. 2024) and the many models of the same shape.
DecoderSpec describe_llama(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    attention_of(decoder.layers[size_t(i)]).window = window_of_layer(config, i, false);
  }
  return decoder;
}

}  // namespace quern::models
