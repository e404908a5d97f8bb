#include <fmt/format.h>

#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/families/common.h"
#include "models/families/experts.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

/// Bytes [..., groups, 16] of two numbers each -> uint32 [..., groups * 4], and back.
array words(const array& blocks) {
  if (blocks.ndim() == 4 && blocks.dtype() == uint8 && blocks.shape(3) == 16) {
    return flatten(view(blocks, uint32), 2, 3);
  }
  throw ModelError(
      fmt::format("[weights] blocks of 4-bit numbers are {} {} instead of bytes [.., .., .., 16]",
                  dtype_name(blocks.dtype()), to_string(blocks.shape())),
      "The download is damaged or incomplete: download it again.");
}

array blocks(const array& words) { return view(unflatten(words, -1, {-1, 4}), uint8); }

void replace(Weights& weights, const std::string& from, const std::string& to,
             array (*change)(const array&)) {
  const auto node = weights.extract(from);
  if (node.empty()) return;
  weights.insert_or_assign(to, change ? change(node.mapped()) : node.mapped());
}

std::vector<std::string> stems(const Weights& weights, const std::string& ending) {
  std::vector<std::string> found;
  for (const auto& [name, value] : weights) {
    if (name.ends_with(ending)) found.push_back(name.substr(0, name.size() - ending.size()));
  }
  return found;
}

/// P_blocks and P_scales are the weight and the scales of mode mxfp4.
WeightRule packs_blocks() {
  const auto to_decoder = [](Weights& weights) {
    for (const std::string& stem : stems(weights, "_proj_blocks")) {
      replace(weights, stem + "_proj_blocks", stem + "_proj.weight", words);
      replace(weights, stem + "_proj_scales", stem + "_proj.scales", nullptr);
    }
  };
  const auto to_published = [](Weights& weights) {
    for (const std::string& stem : stems(weights, "_proj.scales")) {
      if (weights.at(stem + "_proj.scales").dtype() != uint8) continue;
      replace(weights, stem + "_proj.weight", stem + "_proj_blocks", blocks);
      replace(weights, stem + "_proj.scales", stem + "_proj_scales", nullptr);
    }
  };
  return {to_decoder, to_published};
}

}  // namespace

/// gpt-oss (OpenAI 2025): attention sinks, every second layer sliding, experts with biases in
/// mxfp4. In published floats the experts' weights are [experts, in, out].
DecoderSpec describe_gpt_oss(const ModelConfig& config) {
  MoeSpec moe = common_moe(config);
  moe.router.normalised = true;
  moe.router.bias = true;
  moe.router.name = "router";
  moe.expert.activation = Activation::clamped_swiglu;
  moe.expert.bias = true;
  moe.experts_name = "experts";
  const bool bias = config.reader().boolean("attention_bias", true);
  DecoderSpec decoder = common_decoder(config);
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    LayerSpec& layer = decoder.layers[size_t(i)];
    AttentionSpec& attention = attention_of(layer);
    attention.query_bias = attention.key_bias = attention.value_bias = attention.output_bias = bias;
    attention.sinks = true;
    // Configs say truncate: false. MLX and llama.cpp compute with whole numbers all the same.
    attention.rope->config.truncate = true;
    attention.window = window_of_layer(config, i, i % 2 == 0);
    layer.feed_forward = moe;
  }
  decoder.rules = {
      transposes_experts("experts.gate_up_proj"),
      transposes_experts("experts.down_proj"),
      renames("experts.gate_up_proj$", "experts.gate_up_proj.weight"),
      renames("experts.down_proj$", "experts.down_proj.weight"),
      packs_blocks(),
      renames("experts.gate_up_proj_bias", "experts.gate_up_proj.bias"),
      renames("experts.down_proj_bias", "experts.down_proj.bias"),
      splits("experts.gate_up_proj", {"experts.gate_proj", "experts.up_proj"}, -2, true),
  };
  return decoder;
}

}  // namespace quern::models
