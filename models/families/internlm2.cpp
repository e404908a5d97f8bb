#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// InternLM2 (Cai et al. 2024): Llama under other names, with queries, keys and values in one
/// projection, group by group.
DecoderSpec describe_internlm2(const ModelConfig& config) {
  const bool bias = config.reader().boolean("bias", true);
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer_name = "attention";
    layer.mixer_pre_norm = "attention_norm";
    layer.feed_forward_name = "feed_forward";
    layer.feed_forward_pre_norm = "ffn_norm";
    AttentionSpec& attention = attention_of(layer);
    set_biases(attention, bias, bias);
    attention.fused = "wqkv";
    attention.fused_by_group = true;
    attention.output = "wo";
    MlpSpec& mlp = mlp_of(layer);
    mlp.gate = "w1";
    mlp.up = "w3";
    mlp.down = "w2";
  }
  decoder.embedding_name = "model.tok_embeddings";
  decoder.head_name = "output";
  decoder.ignored.push_back("rope.inv_freq");
  return decoder;
}

/// InternLM3: Llama with biases by keys of its own.
DecoderSpec describe_internlm3(const ModelConfig& config) {
  const bool bias = config.reader().boolean("bias", false);
  DecoderSpec decoder = common_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    set_biases(attention_of(layer), config.reader().boolean("qkv_bias", false), bias);
    mlp_of(layer).bias = bias;
  }
  return decoder;
}

}  // namespace quern::models
