#include <cmath>

#include "engine/array/half.h"
#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Gemma 3 (Kamath et al. 2025): Gemma 2 with normalised queries and keys instead of soft caps, and
/// five sliding layers, with rotary positions of their own, before each full one.
DecoderSpec describe_gemma3(const ModelConfig& config) {
  const int pattern = config.reader().integer("sliding_window_pattern", {1, 1 << 14}, 6);
  DecoderSpec decoder = describe_gemma2(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    layer.clips_residual = true;
    AttentionSpec& attention = attention_of(layer);
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    attention.norm = layer.norm;
    attention.window.reset();
    if (!layer_slides(config, i, (i + 1) % pattern != 0)) continue;
    attention.window = config.sliding_window;
    if (config.rope_local) attention.rope = common_rope(config, *config.rope_local);
  }
  decoder.embedding_scale = float(bfloat16_t(std::sqrt(float(config.hidden_size))));
  return decoder;
}

}  // namespace quern::models
