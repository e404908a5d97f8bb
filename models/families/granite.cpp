#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// IBM Granite: Llama with a multiplier on embeddings, scores, residuals and logits.
DecoderSpec describe_granite(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<float> multipliers = {1e-6f, 1e6f};
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).scale = reader.number("attention_multiplier", multipliers, 1.0f);
    layer.residual_scale = reader.number("residual_multiplier", multipliers, 1.0f);
  }
  decoder.embedding_scale = reader.number("embedding_multiplier", multipliers, 1.0f);
  decoder.logit_scale = 1.0f / reader.number("logits_scaling", multipliers, 1.0f);
  return decoder;
}

}  // namespace quern::models
