#include "models/decoder/mlp.h"

#include "engine/ops/arithmetic.h"
#include "models/decoder/activation.h"

namespace quern::models {

Mlp::Mlp(WeightReader& reader, const std::string& path, const MlpSpec& spec, int hidden_size)
    : activation_(spec.activation),
      up_(reader, path + "." + spec.up, spec.intermediate_size, hidden_size, spec.bias),
      down_(reader, path + "." + spec.down, hidden_size, spec.intermediate_size, spec.bias) {
  if (spec.gated) {
    gate_.emplace(reader, path + "." + spec.gate, spec.intermediate_size, hidden_size, spec.bias);
  }
}

array Mlp::operator()(const array& x) const {
  if (!gate_) return down_(activate(activation_, up_(x)));
  return down_(multiply(activate(activation_, (*gate_)(x)), up_(x)));
}

}  // namespace quern::models
