#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// OLMo 3: OLMo 2 with three sliding layers before each full one; a stretched context is for the
/// full ones alone.
DecoderSpec describe_olmo3(const ModelConfig& config) {
  RopeConfig plain;
  plain.theta = config.rope.theta;
  const RopeConfig& local = config.rope_local ? *config.rope_local : plain;
  DecoderSpec decoder = describe_olmo2(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    if (!layer_slides(config, i, (i + 1) % 4 != 0)) continue;
    AttentionSpec& attention = attention_of(decoder.layers[size_t(i)]);
    attention.window = config.sliding_window;
    attention.rope = common_rope(config, local);
  }
  return decoder;
}

}  // namespace quern::models
