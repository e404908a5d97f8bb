#include "models/decoder/causal_conv.h"
#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

namespace {

/// Experts, one of which all tokens share, in two modules of the layer.
void add_experts(const ModelConfig& config, int shared_size, DecoderSpec& decoder) {
  MoeSpec moe = common_moe(config);
  moe.router.name = "block_sparse_moe.router.layer";
  moe.router.normalised = true;
  moe.experts_name = "block_sparse_moe.switch_mlp";
  moe.shared = MlpSpec{.intermediate_size = shared_size,
                       .activation = moe.expert.activation,
                       .down = "output_linear",
                       .fused = "input_linear"};
  moe.shared_name = "shared_mlp";
  for (LayerSpec& layer : decoder.layers) {
    layer.feed_forward = moe;
    layer.feed_forward_name = "";
  }
  const std::string stacked = "block_sparse_moe.switch_mlp.";
  decoder.rules.push_back(
      splits("block_sparse_moe.input_linear", {stacked + "gate_proj", stacked + "up_proj"}, -2));
  decoder.rules.push_back(renames("block_sparse_moe.output_linear", stacked + "down_proj"));
}

void add_mlps(const ModelConfig& config, int size, DecoderSpec& decoder) {
  MlpSpec mlp = common_mlp(config);
  mlp.intermediate_size = size;
  for (LayerSpec& layer : decoder.layers) layer.feed_forward = mlp;
  decoder.rules.push_back(splits("shared_mlp.input_linear", {"mlp.gate_proj", "mlp.up_proj"}, 0));
  decoder.rules.push_back(renames("shared_mlp.output_linear", "mlp.down_proj"));
}

}  // namespace

/// IBM Granite 4: Granite with Mamba 2 in most layers, and experts or plain MLPs.
DecoderSpec describe_granitemoehybrid(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<float> multipliers = {1e-6f, 1e6f};
  // Without a list there is no attention.
  const std::vector<bool> attends = attention_layers(config, 1, 1);
  DecoderSpec decoder = bare_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.residual_scale = reader.number("residual_multiplier", multipliers, 1.0f);
    if (attends[i]) {
      AttentionSpec attention = common_attention(config);
      attention.scale = reader.number("attention_multiplier", multipliers, 1.0f);
      if (reader.text("position_embedding_type", "nope") != "rope") attention.rope.reset();
      layer.mixer = attention;
    } else {
      Mamba2Spec mamba = hybrid_mamba2(config);
      mamba.norm = {.eps = config.rms_norm_eps, .groups = mamba.num_groups};
      layer.mixer = mamba;
      layer.mixer_name = "mamba";
    }
  }
  decoder.embedding_scale = reader.number("embedding_multiplier", multipliers, 1.0f);
  decoder.logit_scale = 1.0f / reader.number("logits_scaling", multipliers, 1.0f);
  decoder.rules = {turns_conv("conv1d")};

  constexpr Range<int> sizes = {1, 1 << 24};
  const int shared_size =
      reader.integer("shared_intermediate_size", sizes, config.intermediate_size);
  if (reader.integer("num_experts", {0, 1 << 14}, 0) > 0) {
    add_experts(config, shared_size, decoder);
  } else {
    add_mlps(config, shared_size, decoder);
  }
  return decoder;
}

}  // namespace quern::models
