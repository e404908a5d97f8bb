#include "models/families/qwen_hybrid.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/hybrid.h"

namespace quern::models {

namespace {

constexpr std::string_view shifted_norms[] = {
    ".input_layernorm.weight", ".post_attention_layernorm.weight", "model.norm.weight",
    ".q_norm.weight", ".k_norm.weight"};

/// Turns convolutions that have length 1 along the axis, and, if there are any, adds to norms.
void shift(Weights& weights, int axis, float by) {
  bool found = false;
  for (auto& [name, tensor] : weights) {
    if (!name.ends_with(".conv1d.weight") || tensor.ndim() != 3) continue;
    if (tensor.shape(axis) != 1 || tensor.shape(3 - axis) == 1) continue;
    tensor = swapaxes(tensor, 1, 2);
    found = true;
  }
  if (!found) return;
  for (auto& [name, tensor] : weights) {
    const bool shifted =
        std::any_of(std::begin(shifted_norms), std::end(shifted_norms),
                    [&name = name](std::string_view ending) { return name.ends_with(ending); });
    // In float32: around 1, bfloat16 would lose what was said around 0.
    if (shifted) tensor = add(astype(tensor, float32), array(by));
  }
}

GatedDeltaSpec delta_net(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  constexpr Range<int> counts = {1, 1 << 14};
  const GatedDeltaSpec delta{
      .num_key_heads = reader.integer("linear_num_key_heads", counts, 16),
      .num_value_heads = reader.integer("linear_num_value_heads", counts, 32),
      .key_head_dim = reader.integer("linear_key_head_dim", counts, 128),
      .value_head_dim = reader.integer("linear_value_head_dim", counts, 128),
      .kernel = reader.integer("linear_conv_kernel_dim", {2, 256}, 4),
      .norm_eps = config.rms_norm_eps};
  if (delta.num_value_heads % delta.num_key_heads != 0) {
    reader.fail("linear_num_value_heads",
                fmt::format("is {}, which linear_num_key_heads {} does not divide",
                            delta.num_value_heads, delta.num_key_heads));
  }
  return delta;
}

}  // namespace

DecoderSpec qwen_hybrid_decoder(const ModelConfig& config) {
  const int interval = config.reader().integer("full_attention_interval", {1, 1 << 14}, 4);
  const std::vector<bool> attends = attention_layers(config, interval, interval - 1);
  AttentionSpec attention = common_attention(config);
  attention.output_gate = true;
  attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
  if (!says_of_rope(config, "partial_rotary_factor")) {
    attention.rope->dims = config.head_dim / 8 * 2;
  }
  DecoderSpec decoder = bare_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    if (attends[i]) {
      layer.mixer = attention;
    } else {
      layer.mixer = delta_net(config);
      layer.mixer_name = "linear_attn";
    }
  }
  decoder.rules = {drops("mtp"), unshifts_norms()};
  return decoder;
}

MoeSpec qwen_hybrid_moe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  MoeSpec moe = common_moe(config);
  moe.router.normalised = reader.boolean("norm_topk_prob", true);
  MlpSpec shared = moe.expert;
  shared.intermediate_size =
      reader.integer("shared_expert_intermediate_size", {1, 1 << 24}, shared.intermediate_size);
  moe.shared = shared;
  moe.shared_name = "shared_expert";
  moe.shared_gate_name = "shared_expert_gate";
  return moe;
}

WeightRule unshifts_norms() {
  return {[](Weights& weights) { shift(weights, 1, 1.0f); },
          [](Weights& weights) { shift(weights, 2, -1.0f); }};
}

}  // namespace quern::models
