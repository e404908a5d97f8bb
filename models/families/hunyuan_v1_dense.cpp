#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Tencent Hunyuan: Llama with queries and keys normalised after they are turned.
DecoderSpec describe_hunyuan_v1_dense(const ModelConfig& config) {
  DecoderSpec decoder = common_decoder(config);
  if (!config.reader().boolean("use_qk_norm", true)) return decoder;
  for (LayerSpec& layer : decoder.layers) {
    AttentionSpec& attention = attention_of(layer);
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    attention.norm_after_rope = true;
    attention.query_norm = "query_layernorm";
    attention.key_norm = "key_layernorm";
  }
  return decoder;
}

}  // namespace quern::models
