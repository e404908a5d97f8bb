#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// OLMo 2 (Walsh et al. 2024): norms after attention and MLP instead of before, queries and keys
/// normalised over all heads together.
DecoderSpec describe_olmo2(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    norm_after(layer);
    attention_of(layer).query_key_norm = AttentionSpec::QueryKeyNorm::all_heads;
  }
  return decoder;
}

}  // namespace quern::models
