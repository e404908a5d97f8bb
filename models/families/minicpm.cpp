#include <cmath>

#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// MiniCPM (Hu et al. 2024): Llama with scaled embeddings, residuals and logits.
DecoderSpec describe_minicpm(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<float> multipliers = {1e-6f, 1e6f};
  const float depth = reader.number("scale_depth", multipliers, 1.0f);
  const int base = reader.integer("dim_model_base", {1, 1 << 24}, config.hidden_size);
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.residual_scale = depth / std::sqrt(float(config.num_hidden_layers));
  }
  decoder.embedding_scale = reader.number("scale_emb", multipliers, 1.0f);
  decoder.logit_scale = float(base) / float(config.hidden_size);
  return decoder;
}

}  // namespace quern::models
