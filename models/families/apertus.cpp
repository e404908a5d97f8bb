#include "engine/ops/shape.h"
#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Apertus (Hernández-Cano et al. 2025): an MLP without a gate around xIELU, queries and keys
/// normalised.
DecoderSpec describe_apertus(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer_pre_norm = "attention_layernorm";
    layer.feed_forward_pre_norm = "feedforward_layernorm";
    attention_of(layer).query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    mlp_of(layer).gated = false;
    mlp_of(layer).activation = read_activation(config, "hidden_act", "xielu");
  }
  const auto to_number = [](const array& x) { return x.size() == 1 ? reshape(x, {}) : x; };
  const auto to_vector = [](const array& x) { return reshape(x, {-1}); };
  decoder.rules = {changes("act_fn.alpha_p", to_number, to_vector),
                   changes("act_fn.alpha_n", to_number, to_vector),
                   changes("act_fn.beta", to_number), changes("act_fn.eps", to_number)};
  return decoder;
}

}  // namespace quern::models
