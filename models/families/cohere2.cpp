#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Cohere Command R7B and A: layer norms, attention and MLP in parallel; only sliding layers see
/// positions.
DecoderSpec describe_cohere2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int pattern = reader.integer("sliding_window_pattern", {1, 1 << 14}, 4);
  const NormSpec norm{.kind = NormSpec::Kind::layer,
                      .eps = reader.number("layer_norm_eps", {0.0f, 1.0f}, 1e-5f),
                      .bias = reader.boolean("layer_norm_bias", false)};
  DecoderSpec decoder = common_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.norm = norm;
    layer.parallel = true;
    layer.feed_forward_pre_norm.reset();
    AttentionSpec& attention = attention_of(layer);
    attention.window = window_of_layer(config, int(i), (i + 1) % size_t(pattern) != 0);
    attention.rope->interleaved = true;
    if (!attention.window) attention.rope.reset();
  }
  decoder.norm = norm;
  decoder.tied_head = true;
  decoder.logit_scale = reader.number("logit_scale", {1e-6f, 1e6f}, 0.0625f);
  return decoder;
}

}  // namespace quern::models
