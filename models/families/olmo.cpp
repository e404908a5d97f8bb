#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

/// The form of the first releases: keys of their own, and everything in model.transformer.
WeightRules first_names() {
  return {renames("^model.transformer.ff_out", "lm_head"),
          renames("^model.transformer.wte", "model.embed_tokens"),
          renames("^model.transformer.blocks", "model.layers"),
          renames("att_proj", "self_attn.qkv_proj"),
          renames("attn_out", "self_attn.o_proj"),
          renames("ff_out", "mlp.down_proj"),
          splits("ff_proj", {"mlp.up_proj", "mlp.gate_proj"}, 0)};
}

ModelConfig first_keys(const ModelConfig& given) {
  const ConfigReader reader = given.reader();
  ModelConfig config = given;
  const int ratio = reader.integer("mlp_ratio", {1, 1 << 10}, 4);
  const int both = reader.integer("mlp_hidden_size", {2, 1 << 24}, ratio * config.hidden_size);
  config.intermediate_size = both / 2;
  config.vocab_size = reader.integer("embedding_size", {1, 1 << 24}, config.vocab_size);
  config.tie_word_embeddings = reader.boolean("weight_tying", false);
  return config;
}

}  // namespace

/// OLMo (Groeneveld et al. 2024): layer norms without weights, projections that may be clipped.
DecoderSpec describe_olmo(const ModelConfig& given) {
  const bool first = given.reader().has("d_model");
  const ModelConfig config = first ? first_keys(given) : given;
  DecoderSpec decoder = common_decoder(config);
  set_norm(decoder, {.kind = NormSpec::Kind::layer_unweighted, .eps = 1e-5f});
  for (LayerSpec& layer : decoder.layers) {
    attention_of(layer).clip = config.reader().optional_number("clip_qkv", {1e-6f, 1e6f});
    if (first) attention_of(layer).fused = "qkv_proj";
  }
  if (first) decoder.rules = first_names();
  return decoder;
}

}  // namespace quern::models
