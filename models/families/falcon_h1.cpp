#include <fmt/format.h>

#include <utility>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

namespace {

/// What parts of the network are multiplied by.
struct Multipliers {
  float embedding, head, attention_in, attention_out, key, mamba_in, mamba_out, gate, down;
  std::vector<float> projections;  ///< of in_proj's outputs: gate, x, b, c, steps

  explicit Multipliers(const ConfigReader& reader) {
    const auto one = [&](const char* key) { return reader.number(key, {1e-6f, 1e6f}, 1.0f); };
    const auto several = [&](const char* key, size_t count) {
      std::vector<float> found = reader.numbers(key, {1e-6f, 1e6f});
      if (found.empty()) found.assign(count, 1.0f);
      if (found.size() != count) {
        reader.fail(key, fmt::format("has {} entries instead of {}", found.size(), count));
      }
      return found;
    };
    embedding = one("embedding_multiplier");
    head = one("lm_head_multiplier");
    attention_in = one("attention_in_multiplier");
    attention_out = one("attention_out_multiplier");
    key = one("key_multiplier");
    mamba_in = one("ssm_in_multiplier");
    mamba_out = one("ssm_out_multiplier");
    const std::vector<float> mlp = several("mlp_multipliers", 2);
    gate = mlp[0];
    down = mlp[1];
    projections = several("ssm_multipliers", 5);
  }
};

/// [out, 1]: one for each output of in_proj.
array projection_factors(const Multipliers& multipliers, const Mamba2Spec& mamba) {
  const int inner = mamba.inner_size(), group = mamba.num_groups * mamba.state_size;
  std::vector<float> factors;
  size_t part = 0;
  for (const int size : {inner, inner, group, group, mamba.num_heads}) {
    factors.insert(factors.end(), size_t(size), multipliers.projections[part++]);
  }
  return array(factors.begin(), {int(factors.size()), 1}, float32);
}

/// A weight, or, quantized, its scales and biases; with its bias.
void multiply_module(Weights& weights, const std::string& path, const array& weight_factor,
                     const array& bias_factor, bool back) {
  const auto apply = [&](const std::string& name, const array& factor) {
    const auto found = weights.find(path + name);
    if (found == weights.end()) return;
    const array wide = astype(found->second, float32);
    found->second =
        astype(back ? divide(wide, factor) : multiply(wide, factor), found->second.dtype());
  };
  const bool quantized = weights.contains(path + ".scales");
  if (!quantized) apply(".weight", weight_factor);
  if (quantized) apply(".scales", weight_factor);
  if (quantized) apply(".biases", weight_factor);
  apply(".bias", bias_factor);
}

/// Converted checkpoints have the multipliers in their weights, except those of keys and of what
/// values see; published ones can be told by their convolutions, [channels, 1, kernel].
WeightRule folds_multipliers(const Multipliers& multipliers, const Mamba2Spec& mamba) {
  const array of_projections = projection_factors(multipliers, mamba);
  const auto number = [](float x) { return array(x); };
  const array one = number(1.0f);
  struct Module {
    const char* ending;
    array weight, bias;
  };
  const std::vector<Module> modules = {
      {"embed_tokens", number(multipliers.embedding), one},
      {"lm_head", number(multipliers.head), one},
      {".q_proj", number(multipliers.attention_in), one},
      {".k_proj", number(multipliers.attention_in), one},
      {".o_proj", number(multipliers.attention_out), number(multipliers.attention_out)},
      {".out_proj", number(multipliers.mamba_out), number(multipliers.mamba_out)},
      {".gate_proj", number(multipliers.gate), number(multipliers.gate)},
      {".down_proj", number(multipliers.down), number(multipliers.down)},
      {".in_proj", multiply(of_projections, number(multipliers.mamba_in)),
       reshape(of_projections, {-1})},
  };
  const auto fold = [modules](Weights& weights, int axis, bool back) {
    bool found = false;
    for (auto& [name, tensor] : weights) {
      if (!name.ends_with(".conv1d.weight") || tensor.ndim() != 3) continue;
      if (tensor.shape(axis) != 1 || tensor.shape(3 - axis) == 1) continue;
      tensor = swapaxes(tensor, 1, 2);
      found = true;
    }
    if (!found) return;
    std::vector<std::string> paths;
    for (const auto& [name, tensor] : weights) {
      if (name.ends_with(".weight")) paths.push_back(name.substr(0, name.size() - 7));
    }
    for (const std::string& path : paths) {
      for (const Module& module : modules) {
        if (path.ends_with(module.ending))
          multiply_module(weights, path, module.weight, module.bias, back);
      }
    }
  };
  return {[fold](Weights& weights) { fold(weights, 1, false); },
          [fold](Weights& weights) { fold(weights, 2, true); }};
}

}  // namespace

/// Falcon-H1 (TII 2025): Mamba 2 and attention side by side in every layer. The multipliers of its
/// parts are in the weights.
DecoderSpec describe_falcon_h1(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const Multipliers multipliers(reader);
  SideBySideSpec both;
  both.mamba = hybrid_mamba2(config);
  both.mamba.output_bias = reader.boolean("projectors_bias", false);
  if (reader.boolean("mamba_rms_norm", false)) {
    both.mamba.norm = {.eps = config.rms_norm_eps,
                       .groups = both.mamba.num_groups,
                       .before_gate = reader.boolean("mamba_norm_before_gate", true)};
  }
  both.attention = common_attention(config);
  both.attention.scale *= multipliers.key;
  both.attention_scale = multipliers.attention_in;

  DecoderSpec decoder = bare_decoder(config);
  for (LayerSpec& layer : decoder.layers) {
    layer.mixer = both;
    layer.mixer_name = "";
    layer.feed_forward = common_mlp(config);
    layer.feed_forward_pre_norm = "pre_ff_layernorm";
    layer.feed_forward_name = "feed_forward";
  }
  decoder.norm_name = "model.final_layernorm";
  decoder.rules = {folds_multipliers(multipliers, both.mamba)};
  // The head of a tied model is the embedding, with the embedding's multiplier in it.
  decoder.tied_head = config.tie_word_embeddings.value_or(false);
  if (*decoder.tied_head) decoder.logit_scale = multipliers.head / multipliers.embedding;
  return decoder;
}

}  // namespace quern::models
