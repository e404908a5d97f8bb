#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Mistral 7B (Jiang et al. 2023) and its successors: every layer slides when there is a window.
DecoderSpec describe_mistral(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    attention_of(decoder.layers[size_t(i)]).window = window_of_layer(config, i, true);
  }
  return decoder;
}

}  // namespace quern::models
