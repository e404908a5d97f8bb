#include <fmt/format.h>

#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

namespace {

/// One letter per layer: M is Mamba 2, * attention, - an MLP, E experts.
std::string pattern_of(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  if (config.layer_types.empty()) return reader.text("hybrid_override_pattern");
  std::string pattern;
  for (const std::string& type : config.layer_types) {
    if (type == "mamba" || type == "linear_attention") {
      pattern += 'M';
    } else if (type == "attention" || type == "full_attention") {
      pattern += '*';
    } else if (type == "mlp") {
      pattern += '-';
    } else if (type == "moe") {
      pattern += 'E';
    } else {
      reader.fail("layer_types", fmt::format("holds \"{}\", which is no known kind", type));
    }
  }
  return pattern;
}

Mamba2Spec mamba_of(const ModelConfig& config, float eps) {
  const ConfigReader reader = config.reader();
  constexpr Range<int> counts = {1, 1 << 14};
  Mamba2Spec mamba;
  mamba.num_heads = reader.integer("mamba_num_heads", counts, 128);
  mamba.head_dim = reader.integer("mamba_head_dim", counts, 64);
  mamba.num_groups = reader.integer("n_groups", counts, 8);
  mamba.state_size = reader.integer("ssm_state_size", counts, 128);
  mamba.kernel = reader.integer("conv_kernel", {2, 256}, 4);
  mamba.bias = mamba.output_bias = reader.boolean("mamba_proj_bias", false);
  mamba.conv_bias = reader.boolean("use_conv_bias", true);
  mamba.norm = {.eps = eps, .groups = mamba.num_groups};
  limit_steps(config, mamba);
  check_groups(config, mamba);
  return mamba;
}

MlpSpec mlp_of(const ModelConfig& config, int size) {
  return {.intermediate_size = size,
          .activation = read_activation(config, "mlp_hidden_act", "relu2"),
          .gated = false,
          .bias = config.mlp_bias};
}

MoeSpec moe_of(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<int> sizes = {1, 1 << 24};
  MoeSpec moe = common_moe(config);
  route_by_sigmoid(config, moe.router);
  moe.expert = mlp_of(config, moe.expert.intermediate_size);
  moe.expert.up = "fc1";
  moe.expert.down = "fc2";
  moe.expert.bias = false;
  moe.latent_size = reader.optional_integer("moe_latent_size", sizes);
  if (reader.integer("n_shared_experts", {0, 1 << 14}, 1) > 0) {
    moe.shared = mlp_of(config, reader.integer("moe_shared_expert_intermediate_size", sizes));
  }
  return moe;
}

}  // namespace

/// Nemotron-H and Nemotron 3 (NVIDIA 2025): each layer is one half, Mamba 2, attention without
/// positions, an MLP or experts.
DecoderSpec describe_nemotron_h(const ModelConfig& config) {
  const std::string pattern = pattern_of(config);
  if (int(pattern.size()) != config.num_hidden_layers) {
    config.reader().fail("hybrid_override_pattern",
                         fmt::format("has {} letters for num_hidden_layers {}", pattern.size(),
                                     config.num_hidden_layers));
  }
  DecoderSpec decoder = recurrent_decoder(config);
  for (size_t i = 0; i < pattern.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.feed_forward_pre_norm = "norm";
    layer.feed_forward_name = "mixer";
    switch (pattern[i]) {
      case 'M':
        layer.mixer = mamba_of(config, decoder.norm.eps);
        break;
      case '*':
        layer.mixer = common_attention(config);
        attention_of(layer).rope.reset();
        break;
      case '-':
        layer.feed_forward = mlp_of(config, config.intermediate_size);
        break;
      case 'E':
        layer.feed_forward = moe_of(config);
        break;
      default:
        config.reader().fail("hybrid_override_pattern",
                             fmt::format("holds '{}', which is no known kind", pattern[i]));
    }
  }
  decoder.rules.push_back(drops("mtp"));
  decoder.rules.push_back(stacks_experts("mixer.experts", "mixer.switch_mlp",
                                         {{"up_proj", "fc1"}, {"down_proj", "fc2"}}));
  return decoder;
}

}  // namespace quern::models
