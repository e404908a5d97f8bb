#include "models/decoder/layer_inputs.h"

#include <cmath>
#include <numbers>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/shape.h"
#include "models/decoder/activation.h"

namespace quern::models {

namespace {

array scaled(const array& x, double scale) { return multiply(x, array(float(scale), x.dtype())); }

}  // namespace

LayerInputs::LayerInputs(WeightReader& reader, const std::string& path, const LayerInputSpec& spec,
                         int layers, int hidden_size)
    : spec_(spec),
      layers_(layers),
      embedding_(WeightMatrix::load_table(reader, path + ".embed_tokens_per_layer", spec.vocab_size,
                                          layers * spec.size)),
      projection_(reader, path + ".per_layer_model_projection", layers * spec.size, hidden_size,
                  false),
      norm_(reader, path + ".per_layer_projection_norm", spec.norm, spec.size) {}

std::vector<array> LayerInputs::operator()(const array& tokens, const array& embedded) const {
  const array known = where(less(tokens, array(spec_.vocab_size)), tokens, array(0));
  const array own = scaled(embedding_.rows(known), std::sqrt(double(spec_.size)));
  const array projected = scaled(projection_(embedded), 1 / std::sqrt(double(embedded.shape(-1))));
  const Shape by_layer = {layers_, spec_.size};
  const array sum = add(norm_(unflatten(projected, -1, by_layer)), unflatten(own, -1, by_layer));
  std::vector<array> inputs = split(scaled(sum, 1 / std::numbers::sqrt2), layers_, -2);
  for (array& input : inputs) input = squeeze(input, -2);
  return inputs;
}

LayerInputGate::LayerInputGate(WeightReader& reader, const std::string& path,
                               const LayerInputSpec& spec, int hidden_size)
    : activation_(spec.activation),
      gate_(reader, path + ".per_layer_input_gate", spec.size, hidden_size, false),
      projection_(reader, path + ".per_layer_projection", hidden_size, spec.size, false),
      norm_(reader, path + ".post_per_layer_input_norm", spec.norm, hidden_size) {}

array LayerInputGate::operator()(const array& x, const array& own) const {
  return norm_(projection_(multiply(activate(activation_, gate_(x)), own)));
}

}  // namespace quern::models
