#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Cohere Command R7B and A: Command R of which only the sliding layers see positions.
DecoderSpec describe_cohere2(const ModelConfig& config) {
  const int pattern = config.reader().integer("sliding_window_pattern", {1, 1 << 14}, 4);
  DecoderSpec decoder = describe_cohere(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    AttentionSpec& attention = attention_of(decoder.layers[size_t(i)]);
    attention.window = window_of_layer(config, i, (i + 1) % pattern != 0);
    if (!attention.window) attention.rope.reset();
  }
  return decoder;
}

}  // namespace quern::models
