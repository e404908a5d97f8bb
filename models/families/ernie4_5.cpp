#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// ERNIE 4.5: Llama with interleaved rotary positions.
DecoderSpec describe_ernie4_5(const ModelConfig& config) {
  const bool bias = config.reader().boolean("use_bias", false);
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).rope->interleaved = true;
    set_biases(attention_of(layer), bias, bias);
    mlp_of(layer).bias = bias;
  }
  return decoder;
}

}  // namespace quern::models
