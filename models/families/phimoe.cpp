#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

/// Phi-3.5-MoE (Abdin et al. 2024): layer norms, biases, experts weighed by the sparse mixer.
DecoderSpec describe_phimoe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const NormSpec norm{.kind = NormSpec::Kind::layer, .eps = config.rms_norm_eps, .bias = true};
  MoeSpec moe = common_moe(config);
  moe.router.scores = RouterSpec::Scores::sparse_mixer;
  moe.router.tie_width = reader.number("router_jitter_noise", {0.0f, 1.0f}, 0.01f);
  std::optional<float> amplitude;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const auto scaling = reader.object(key);
    if (scaling && !amplitude) amplitude = scaling->optional_number("long_mscale", {1e-3f, 1e3f});
  }
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    layer.norm = norm;
    AttentionSpec& attention = attention_of(layer);
    attention.window = window_of_layer(config, i, true);
    if (amplitude) attention.rope->config.attention_factor = amplitude;
    layer.feed_forward = moe;
    layer.feed_forward_name = "block_sparse_moe";
  }
  decoder.norm = norm;
  decoder.head_bias = reader.boolean("lm_head_bias", false);
  decoder.rules = {stacks_numbered_experts("block_sparse_moe")};
  return decoder;
}

}  // namespace quern::models
