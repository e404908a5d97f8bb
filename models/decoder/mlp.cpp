#include "models/decoder/mlp.h"

#include "engine/ops/shape.h"
#include "models/decoder/activation.h"

namespace quern::models {

Mlp::Mlp(WeightReader& reader, const std::string& path, const MlpSpec& spec, int hidden_size)
    : activation_(spec.activation),
      down_(reader, path + "." + spec.down, hidden_size, spec.intermediate_size, spec.bias) {
  const auto projection = [&](std::optional<Linear>& place, const std::string& name, int out) {
    place.emplace(reader, path + "." + name, out, hidden_size, spec.bias);
  };
  if (spec.fused) {
    projection(fused_, *spec.fused, 2 * spec.intermediate_size);
  } else {
    if (spec.gated) projection(gate_, spec.gate, spec.intermediate_size);
    projection(up_, spec.up, spec.intermediate_size);
  }
}

array Mlp::operator()(const array& x) const {
  if (fused_) {
    const std::vector<array> halves = split((*fused_)(x), 2, -1);
    return down_(activate(activation_, halves[0], halves[1]));
  }
  if (!gate_) return down_(activate(activation_, (*up_)(x)));
  return down_(activate(activation_, (*gate_)(x), (*up_)(x)));
}

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const MlpSpec& spec, int hidden_size) {
  return std::make_unique<Mlp>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
