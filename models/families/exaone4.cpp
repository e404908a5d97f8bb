#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// EXAONE 4.0: norms after attention and MLP, queries and keys normalised, and, where some layers
/// slide, positions seen by these alone.
DecoderSpec describe_exaone4(const ModelConfig& config) {
  // One letter per layer, repeated: L slides (local), G does not (global).
  const std::string pattern = config.reader().text("sliding_window_pattern", "LLLG");
  DecoderSpec decoder = common_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    norm_after(layer);
    AttentionSpec& attention = attention_of(layer);
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    const bool slides = !pattern.empty() && pattern[i % pattern.size()] == 'L';
    attention.window = window_of_layer(config, int(i), slides);
    if (config.sliding_window && !attention.window) attention.rope.reset();
  }
  return decoder;
}

}  // namespace quern::models
