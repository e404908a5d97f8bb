#include "engine/ops/shape.h"
#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/gpt_layers.h"

namespace quern::models {

namespace {

/// Weights that Hugging Face stores as [in, out].
bool is_transposed(const std::string& name) {
  for (const char* ending : {"attn.c_attn.weight", "c_proj.weight", "mlp.c_fc.weight"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

/// From names and forms under one prefix, or none, to those under another. The prefix tells the
/// two forms apart.
void change_form(Weights& weights, const std::string& from, const std::string& to) {
  Weights changed;
  for (const auto& [name, value] : weights) {
    const bool done = name.starts_with(to) || name.starts_with("lm_head");
    const std::string rest = name.starts_with(from) ? name.substr(from.size()) : name;
    const bool turns = !done && is_transposed(name) && value.ndim() == 2;
    changed.insert_or_assign(done ? name : to + rest, turns ? transpose(value) : value);
  }
  weights = std::move(changed);
}

WeightRule transposes_projections() {
  return {[](Weights& w) { change_form(w, "transformer.", "model."); },
          [](Weights& w) { change_form(w, "model.", "transformer."); }};
}

}  // namespace

/// GPT-2 (Radford et al. 2019): learned positions, layer norms, biases, an MLP without a gate.
DecoderSpec describe_gpt2(const ModelConfig& given) {
  const ConfigReader reader = given.reader();
  const ModelConfig config = with_intermediate_size(given);
  DecoderSpec decoder = common_decoder(config);
  set_gpt_layers(decoder, config, "model.");
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    AttentionSpec& attention = attention_of(decoder.layers[i]);
    if (!reader.boolean("scale_attn_weights", true)) attention.scale = 1.0f;
    if (reader.boolean("scale_attn_by_inverse_layer_idx", false)) attention.scale /= float(i + 1);
  }
  decoder.rules = {transposes_projections()};
  return decoder;
}

}  // namespace quern::models
