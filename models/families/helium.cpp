#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Kyutai Helium: Llama with interleaved rotary positions.
DecoderSpec describe_helium(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).rope->interleaved = true;
    attention_of(layer).output_bias = false;
  }
  return decoder;
}

}  // namespace quern::models
