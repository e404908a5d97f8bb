#include <cmath>

#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/gemma_layers.h"

namespace quern::models {

namespace {

constexpr Range<int> sizes = {1, 1 << 14};

AttentionSpec attention_of_type(const ModelConfig& config, bool slides) {
  const ConfigReader reader = config.reader();
  AttentionSpec attention = common_attention(config);
  attention.scale = 1.0f;
  attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
  attention.norms_values = true;
  if (slides) {
    attention.window = config.sliding_window;
    attention.rope = common_rope(config, config.rope_local.value_or(config.rope));
    return attention;
  }
  attention.head_dim = reader.integer("global_head_dim", sizes, config.head_dim);
  attention.values_are_keys = reader.boolean("attention_k_eq_v", false);
  if (attention.values_are_keys) {
    attention.num_key_value_heads =
        reader.integer("num_global_key_value_heads", sizes, config.num_key_value_heads);
  }
  attention.rope = common_rope(config, config.rope, attention.head_dim);
  return attention;
}

/// An MLP becomes what it is, with experts beside it.
void add_experts(const ModelConfig& config, LayerSpec& layer) {
  MoeSpec moe = common_moe(config);
  moe.router.name = "proj";
  moe.router.normalised = true;
  moe.expert.activation = mlp_of(layer).activation;
  layer.feed_forward = DenseAndMoeSpec{
      .dense = mlp_of(layer), .router = moe.router, .expert = moe.expert, .norm = layer.norm};
  layer.feed_forward_name.clear();
  layer.feed_forward_pre_norm.reset();
}

/// Published experts are in one tensor each for gates and ups, and for downs.
WeightRules expert_rules() {
  const std::string stacked = "experts.switch_glu.";
  return {splits("experts.gate_up_proj", {stacked + "gate_proj.weight", stacked + "up_proj.weight"},
                 -2),
          renames("experts.down_proj", stacked + "down_proj.weight")};
}

}  // namespace

/// Gemma 4: wider heads in layers of full attention, late layers that attend to the keys of earlier
/// ones, an embedding for each layer or experts beside the MLP.
DecoderSpec describe_gemma4(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const std::vector<bool> slides = gemma_sliding_layers(config, 6);
  const std::optional<LayerInputSpec> own_input = gemma_layer_inputs(config);
  const bool double_wide = reader.boolean("use_double_wide_mlp", false);

  DecoderSpec decoder = common_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.mixer = attention_of_type(config, slides[i]);
    norm_around(layer);
    layer.own_input = own_input;
    layer.output_scale_name = "layer_scalar";
    mlp_of(layer).activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  }
  share_keys(config, slides, decoder);
  for (LayerSpec& layer : decoder.layers) {
    if (double_wide && attention_of(layer).attends_to_layer) mlp_of(layer).intermediate_size *= 2;
  }
  if (reader.boolean("enable_moe_block", false)) {
    for (LayerSpec& layer : decoder.layers) add_experts(config, layer);
    for (WeightRule& rule : expert_rules()) decoder.rules.push_back(std::move(rule));
  }
  decoder.embedding_scale = std::sqrt(float(config.hidden_size));
  decoder.layer_inputs = own_input;
  decoder.logit_softcap = reader.optional_number("final_logit_softcapping", {1e-6f, 1e6f});
  return decoder;
}

}  // namespace quern::models
