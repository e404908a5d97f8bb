#include "models/families/hybrid.h"

#include <fmt/format.h>

#include <limits>

#include "models/decoder/causal_conv.h"
#include "models/families/common.h"

namespace quern::models {

namespace {

constexpr Range<int> sizes = {1, 1 << 20};
constexpr Range<int> counts = {1, 1 << 14};
constexpr Range<int> kernels = {2, 256};

}  // namespace

std::vector<bool> attention_layers(const ModelConfig& config, int period, int remainder) {
  std::vector<bool> attends;
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    if (config.layer_types.empty()) {
      attends.push_back(i % period == remainder);
    } else {
      const std::string& type = config.layer_types[size_t(i)];
      attends.push_back(type == "full_attention" || type == "attention");
    }
  }
  return attends;
}

bool says_of_rope(const ModelConfig& config, const char* key) {
  const auto parameters = config.reader().object("rope_parameters");
  return config.reader().has(key) || (parameters && parameters->has(key));
}

int integer_or_auto(const ModelConfig& config, const char* key, int automatic) {
  const ConfigReader reader = config.reader();
  const auto value = reader.json().find(key);
  if (value != reader.json().end() && *value == "auto") return automatic;
  return reader.integer(key, sizes, automatic);
}

MambaSpec hybrid_mamba(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  return {.inner_size = reader.integer("mamba_expand", {1, 64}, 2) * config.hidden_size,
          .state_size = reader.integer("mamba_d_state", counts, 16),
          .step_rank = integer_or_auto(config, "mamba_dt_rank", (config.hidden_size + 15) / 16),
          .kernel = reader.integer("mamba_d_conv", kernels, 4),
          .bias = reader.boolean("mamba_proj_bias", false),
          .conv_bias = reader.boolean("mamba_conv_bias", true),
          .norm = std::nullopt};
}

Mamba2Spec hybrid_mamba2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int expanded = reader.integer("mamba_expand", {1, 64}, 2) * config.hidden_size;
  const int inner = reader.integer("mamba_d_ssm", sizes, expanded);
  Mamba2Spec mamba;
  mamba.num_heads = reader.integer("mamba_n_heads", counts, 128);
  mamba.head_dim = integer_or_auto(config, "mamba_d_head", inner / mamba.num_heads);
  mamba.num_groups = reader.integer("mamba_n_groups", counts, 1);
  mamba.state_size = reader.integer("mamba_d_state", counts, 256);
  mamba.kernel = reader.integer("mamba_d_conv", kernels, 4);
  mamba.bias = mamba.output_bias = reader.boolean("mamba_proj_bias", false);
  mamba.conv_bias = reader.boolean("mamba_conv_bias", true);
  limit_steps(config, mamba);
  check_groups(config, mamba);
  return mamba;
}

void check_groups(const ModelConfig& config, const Mamba2Spec& mamba) {
  if (mamba.num_heads % mamba.num_groups == 0) return;
  config.reader().fail("n_groups", fmt::format("is {}, which does not divide Mamba's {} heads",
                                               mamba.num_groups, mamba.num_heads));
}

DecoderSpec recurrent_decoder(const ModelConfig& config) {
  const float eps = config.reader().number("layer_norm_epsilon", {0.0f, 1.0f}, 1e-5f);
  DecoderSpec decoder = bare_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.norm.eps = eps;
    layer.mixer_pre_norm = "norm";
    layer.mixer_name = "mixer";
  }
  decoder.norm.eps = eps;
  decoder.embedding_name = "backbone.embeddings";
  decoder.layers_name = "backbone.layers";
  decoder.norm_name = "backbone.norm_f";
  decoder.rules = {turns_conv("conv1d")};
  return decoder;
}

void limit_steps(const ModelConfig& config, Mamba2Spec& mamba) {
  const std::vector<float> limits =
      config.reader().numbers("time_step_limit", {0.0f, std::numeric_limits<float>::max()});
  if (limits.empty()) return;
  if (limits.size() != 2 || limits[0] > limits[1]) {
    config.reader().fail("time_step_limit", "is not a lower and an upper limit");
  }
  mamba.min_step = limits[0];
  mamba.max_step = limits[1];
}

}  // namespace quern::models
