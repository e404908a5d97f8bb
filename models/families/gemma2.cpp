#include <cmath>

#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Gemma 2 (Riviere et al. 2024): norms before and after attention and MLP, soft caps on scores and
/// logits, every other layer slides.
DecoderSpec describe_gemma2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<float> caps = {1e-3f, 1e6f};
  const float scalar = reader.number("query_pre_attn_scalar", {1e-3f, 1e6f});
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, {.kind = NormSpec::Kind::rms_plus_one, .eps = config.rms_norm_eps});
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    norm_around(layer);
    mlp_of(layer).activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
    AttentionSpec& attention = attention_of(layer);
    attention.scale = 1.0f / std::sqrt(scalar);
    attention.score_softcap = reader.optional_number("attn_logit_softcapping", caps);
    attention.window = window_of_layer(config, i, i % 2 == 0);
  }
  decoder.embedding_scale = std::sqrt(float(config.hidden_size));
  decoder.logit_softcap = reader.optional_number("final_logit_softcapping", caps);
  return decoder;
}

}  // namespace quern::models
