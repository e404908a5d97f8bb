#include <cmath>

#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/latent_attention.h"

namespace quern::models {

/// MiniCPM3 (Hu et al. 2024): latent attention, and the scales of maximal update parametrisation on
/// embeddings, residuals and logits.
DecoderSpec describe_minicpm3(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<float> scales = {1e-6f, 1e6f};
  constexpr Range<int> sizes = {1, 1 << 14};
  MlaSpec attention = read_latent_attention(config);
  attention.rope.interleaved = false;
  attention.query_rank = reader.integer("q_lora_rank", sizes, 768);
  attention.latent_rank = reader.integer("kv_lora_rank", sizes, 256);
  attention.plain_dim = reader.integer("qk_nope_head_dim", sizes, 64);
  attention.rope.dims = reader.integer("qk_rope_head_dim", sizes, 32);
  attention.value_dim =
      reader.integer("v_head_dim", sizes, config.hidden_size / config.num_attention_heads);
  attention.scale = 1.0f / std::sqrt(float(attention.plain_dim + attention.rope.dims));
  LayerSpec layer = common_layer(config, attention);
  layer.residual_scale =
      reader.number("scale_depth", scales, 1.0f) / std::sqrt(float(config.num_hidden_layers));
  DecoderSpec decoder = common_decoder(config, layer);
  decoder.embedding_scale = reader.number("scale_emb", scales, 1.0f);
  decoder.logit_scale =
      float(reader.integer("dim_model_base", sizes, 1)) / float(config.hidden_size);
  return decoder;
}

}  // namespace quern::models
