#include <cmath>

#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Gemma (Mesnard et al. 2024): norm weights stored minus 1, a GELU gate, scaled embeddings.
DecoderSpec describe_gemma(const ModelConfig& config) {
  const bool newer_key = config.reader().has("hidden_activation");
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.norm.kind = NormSpec::Kind::rms_plus_one;
    mlp_of(layer).activation =
        read_activation(config, newer_key ? "hidden_activation" : "hidden_act", "gelu");
  }
  decoder.norm.kind = NormSpec::Kind::rms_plus_one;
  decoder.embedding_scale = std::sqrt(float(config.hidden_size));
  return decoder;
}

}  // namespace quern::models
