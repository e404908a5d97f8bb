#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// ByteDance Seed-OSS: Llama with biases on queries, keys and values.
DecoderSpec describe_seed_oss(const ModelConfig& config) {
  const bool output_bias = config.reader().boolean("attention_out_bias", false);
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) attention_of(layer).output_bias = output_bias;
  return decoder;
}

}  // namespace quern::models
