#include "models/decoder/causal_conv.h"
#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

namespace {

constexpr Range<int> sizes = {1, 1 << 20};

DecoderSpec decoder_of(const ModelConfig& config, MambaSpec mamba, bool bias_when_absent) {
  const ConfigReader reader = config.reader();
  mamba.inner_size = reader.integer("intermediate_size", sizes,
                                    reader.integer("expand", {1, 64}, 2) * config.hidden_size);
  mamba.state_size = reader.integer("state_size", {1, 1 << 14}, 16);
  mamba.step_rank = integer_or_auto(config, "time_step_rank", (config.hidden_size + 15) / 16);
  mamba.kernel = reader.integer("conv_kernel", {2, 256}, 4);
  mamba.bias = reader.boolean("use_bias", bias_when_absent);
  mamba.conv_bias = reader.boolean("use_conv_bias", true);
  DecoderSpec decoder = recurrent_decoder(config);
  for (LayerSpec& layer : decoder.layers) layer.mixer = mamba;
  return decoder;
}

}  // namespace

/// Mamba (Gu & Dao 2023).
DecoderSpec describe_mamba(const ModelConfig& config) { return decoder_of(config, {}, true); }

/// Falcon Mamba (Zuo et al. 2024): Mamba whose steps and projections into and out of the state are
/// normalised, without weights.
DecoderSpec describe_falcon_mamba(const ModelConfig& config) {
  MambaSpec mamba;
  mamba.norm = NormSpec{.kind = NormSpec::Kind::rms_unweighted,
                        .eps = config.reader().number("mixer_rms_eps", {0.0f, 1.0f}, 1e-6f)};
  return decoder_of(config, mamba, false);
}

/// Mamba 2 (Dao & Gu 2024). Its norm is over the parts of the groups, as it was trained.
DecoderSpec describe_mamba2(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<int> counts = {1, 1 << 14};
  Mamba2Spec mamba;
  mamba.num_heads = reader.integer("num_heads", counts, 128);
  mamba.head_dim = reader.integer("head_dim", counts, 64);
  mamba.num_groups = reader.integer("n_groups", counts, 8);
  mamba.state_size = reader.integer("state_size", counts, 128);
  mamba.kernel = reader.integer("conv_kernel", {2, 256}, 4);
  mamba.bias = mamba.output_bias = reader.boolean("use_bias", false);
  mamba.conv_bias = reader.boolean("use_conv_bias", true);
  limit_steps(config, mamba);
  DecoderSpec decoder = recurrent_decoder(config);
  mamba.norm = {.eps = decoder.norm.eps, .groups = mamba.num_groups};
  check_groups(config, mamba);
  for (LayerSpec& layer : decoder.layers) layer.mixer = mamba;
  return decoder;
}

}  // namespace quern::models
