#include "tests/models/families/gemma_reference.h"

#include <algorithm>
#include <cmath>

namespace quern::tests {

using namespace reference;

TinyTensors GemmaLayerInputs::tensors(const std::string& path) const {
  return {{path + "embed_tokens_per_layer.weight", {vocab_size, layers * size}},
          {path + "per_layer_model_projection.weight", {layers * size, hidden}},
          {path + "per_layer_projection_norm.weight", {size}}};
}

TinyTensors GemmaLayerInputs::layer_tensors() const {
  return {{"per_layer_input_gate.weight", {size, hidden}},
          {"per_layer_projection.weight", {hidden, size}},
          {"post_per_layer_input_norm.weight", {hidden}}};
}

std::vector<Matrix> GemmaLayerInputs::operator()(const TinyModel& model, const std::string& path,
                                                 const std::vector<int32_t>& tokens,
                                                 const Matrix& embedded) const {
  std::vector<int32_t> known = tokens;
  for (int32_t& token : known) token = token < vocab_size ? token : 0;
  const Matrix own =
      embed(model(path + "embed_tokens_per_layer.weight"), known) * std::sqrt(double(size));
  const Matrix projected =
      linear(embedded, model(path + "per_layer_model_projection.weight")) * std::pow(hidden, -0.5);
  const Matrix normed =
      rms_norm(projected, model(path + "per_layer_projection_norm.weight"), eps, layers);
  const Matrix all = (normed + own) * std::sqrt(0.5);
  std::vector<Matrix> inputs;
  for (int i = 0; i < layers; ++i) inputs.push_back(columns(all, i * size, (i + 1) * size));
  return inputs;
}

Matrix GemmaLayerInputs::gate(const TinyModel& model, const std::string& layer, const Matrix& x,
                              const Matrix& own) const {
  const Matrix gate = map(linear(x, model(layer + "per_layer_input_gate.weight")), gelu_tanh);
  return rms_norm(linear(gate * own, model(layer + "per_layer_projection.weight")),
                  model(layer + "post_per_layer_input_norm.weight"), eps);
}

GemmaAttention::Seen GemmaAttention::seen(const TinyModel& model, const std::string& path,
                                          const Matrix& x) const {
  const Matrix keys = linear(x, model(path + "k_proj.weight"));
  const Matrix values = values_are_keys ? keys : linear(x, model(path + "v_proj.weight"));
  const Matrix normed = rms_norm(keys, model(path + "k_norm.weight"), eps, key_value_heads);
  return {rope(normed, key_value_heads, periods), rms_norm(values, {}, eps, key_value_heads)};
}

Matrix GemmaAttention::attend(const TinyModel& model, const std::string& path, const Matrix& x,
                              const Seen& seen) const {
  const Matrix queries = linear(x, model(path + "q_proj.weight"));
  const Matrix normed = rms_norm(queries, model(path + "q_norm.weight"), eps, heads);
  AttentionOptions options{.heads = heads, .key_value_heads = key_value_heads, .scale = 1};
  if (window > 0) options.sees = within(window);
  return linear(attention(rope(normed, heads, periods), seen.keys, seen.values, options),
                model(path + "o_proj.weight"));
}

}  // namespace quern::tests
