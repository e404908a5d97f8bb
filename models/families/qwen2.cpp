#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/qwen_window.h"

namespace quern::models {

/// Qwen2 and Qwen2.5 (Yang et al. 2024): biases on queries, keys and values.
DecoderSpec describe_qwen2(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    AttentionSpec& attention = attention_of(decoder.layers[size_t(i)]);
    attention.query_bias = attention.key_bias = attention.value_bias = true;
    attention.output_bias = false;
    attention.window = qwen_window_of_layer(config, i);
  }
  return decoder;
}

}  // namespace quern::models
