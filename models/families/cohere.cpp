#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Cohere Command R: layer norms, attention and MLP in parallel; some with a norm of its own for
/// each head's queries and keys.
DecoderSpec describe_cohere(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  NormSpec norm = layer_norm_spec(config, "layer_norm_eps");
  norm.bias = reader.boolean("layer_norm_bias", false);
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, norm);
  for (LayerSpec& layer : decoder.layers) {
    layer.parallel = true;
    layer.feed_forward_pre_norm.reset();
    AttentionSpec& attention = attention_of(layer);
    attention.rope->interleaved = true;
    if (!reader.boolean("use_qk_norm", false)) continue;
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::own_per_head;
    attention.norm = {.kind = norm.kind, .eps = norm.eps};
  }
  decoder.tied_head = true;
  decoder.logit_scale = reader.number("logit_scale", {1e-6f, 1e6f}, 0.0625f);
  return decoder;
}

}  // namespace quern::models
