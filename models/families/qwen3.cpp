#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/qwen_window.h"

namespace quern::models {

/// Qwen3 (Yang et al. 2025): each head's queries and keys are normalised.
DecoderSpec describe_qwen3(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    AttentionSpec& attention = attention_of(decoder.layers[size_t(i)]);
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    attention.window = qwen_window_of_layer(config, i);
  }
  return decoder;
}

}  // namespace quern::models
