#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Ministral 3: Mistral whose queries grow with their position.
DecoderSpec describe_ministral3(const ModelConfig& config) {
  std::optional<QueryGrowth> growth;
  if (const auto rope = config.reader().object("rope_parameters")) {
    const float beta = rope->number("llama_4_scaling_beta", {0.0f, 1e3f}, 0.0f);
    const auto length = float(config.rope.original_max_position_embeddings);
    if (beta > 0) growth = QueryGrowth{.scale = beta, .length = length};
  }
  DecoderSpec decoder = describe_llama(config);
  for (LayerSpec& layer : decoder.layers) attention_of(layer).query_growth = growth;
  return decoder;
}

}  // namespace quern::models
