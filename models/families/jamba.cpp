#include "models/decoder/causal_conv.h"
#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

/// Jamba (Lieber et al. 2024): Mamba with norms inside, some attention without positions, and
/// experts in every second layer.
DecoderSpec describe_jamba(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<int> numbers = {0, 1 << 14}, periods = {1, 1 << 14};
  const std::vector<bool> attends =
      attention_layers(config, reader.integer("attn_layer_period", periods, 8),
                       reader.integer("attn_layer_offset", numbers, 4));
  const int period = reader.integer("expert_layer_period", periods, 2);
  const int first = reader.integer("expert_layer_offset", numbers, 1);
  const bool experts = reader.integer("num_experts", numbers, 16) > 1;
  MambaSpec mamba = hybrid_mamba(config);
  mamba.norm = NormSpec{.eps = config.rms_norm_eps};

  DecoderSpec decoder = bare_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    layer.feed_forward_pre_norm = "pre_ff_layernorm";
    layer.feed_forward_name = "feed_forward";
    if (attends[i]) {
      layer.mixer = common_attention(config);
      attention_of(layer).rope.reset();
    } else {
      layer.mixer = mamba;
      layer.mixer_name = "mamba";
    }
    if (experts && int(i) % period == first) {
      MoeSpec moe = common_moe(config);
      moe.router.name = "router";
      layer.feed_forward = moe;
    } else {
      layer.feed_forward = common_mlp(config);
    }
  }
  decoder.norm_name = "model.final_layernorm";
  decoder.rules = {turns_conv("conv1d"), stacks_expert_mlps("feed_forward")};
  return decoder;
}

}  // namespace quern::models
