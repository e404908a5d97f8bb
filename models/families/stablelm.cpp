#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// StableLM 2 (Bellagente et al. 2024): layer norms, heads that turn in part, some with a norm of
/// its own for each head's queries and keys.
DecoderSpec describe_stablelm(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const NormSpec norm = layer_norm_spec(config, "layer_norm_eps");
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, norm);
  for (LayerSpec& layer : decoder.layers) {
    layer.parallel = reader.boolean("use_parallel_residual", false);
    if (layer.parallel) layer.feed_forward_pre_norm.reset();
    AttentionSpec& attention = attention_of(layer);
    set_biases(attention, reader.boolean("use_qkv_bias", false), false);
    if (!reader.boolean("qk_layernorm", false)) continue;
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::own_per_head;
    attention.norm = {.kind = norm.kind, .eps = norm.eps};
    attention.query_norm = "q_layernorm";
    attention.key_norm = "k_layernorm";
  }
  for (const std::string norms : {"q_layernorm", "k_layernorm"}) {
    decoder.rules.push_back(stacks_experts(norms + ".norms", norms, {{"weight", "weight"}}));
  }
  return decoder;
}

}  // namespace quern::models
