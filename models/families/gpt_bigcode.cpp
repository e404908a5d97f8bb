#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/gpt_layers.h"

namespace quern::models {

/// StarCoder (Li et al. 2023): GPT-2 whose heads share one key and one value.
DecoderSpec describe_gpt_bigcode(const ModelConfig& given) {
  const bool shares = given.reader().boolean("multi_query", true);
  ModelConfig config = with_intermediate_size(given);
  config.num_key_value_heads = shares ? 1 : config.num_attention_heads;
  DecoderSpec decoder = common_decoder(config);
  set_gpt_layers(decoder, config, "transformer.");
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).fused_by_group = !shares;
    set_biases(attention_of(layer), config.reader().boolean("attention_bias", true),
               config.reader().boolean("attention_bias", true));
    mlp_of(layer).bias = config.reader().boolean("mlp_bias", true);
  }
  return decoder;
}

}  // namespace quern::models
