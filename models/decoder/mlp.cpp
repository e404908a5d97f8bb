#include "models/decoder/mlp.h"

#include <numbers>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
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
  if (spec.sparsity) {
    gate_deviations_ =
        multiply(erfinv(array(2 * *spec.sparsity - 1)), array(float(std::numbers::sqrt2)));
  }
  if (spec.activation == Activation::xielu) xielu_.emplace(reader, path + ".act_fn");
  if (spec.down_norm) {
    down_norm_.emplace(reader, path + "." + *spec.down_norm, spec.norm, spec.intermediate_size);
  }
}

array Mlp::activated(const array& x) const {
  return xielu_ ? (*xielu_)(x) : activate(activation_, x);
}

array Mlp::activated(const array& gate, const array& up) const {
  if (xielu_) return multiply((*xielu_)(gate), up);
  if (!gate_deviations_) return activate(activation_, gate, up);
  const array cutoff = add(mean(gate, -1, true),
                           multiply(std(gate, -1, true), astype(*gate_deviations_, gate.dtype())));
  return activate(activation_, maximum(subtract(gate, cutoff), array(0.0f, gate.dtype())), up);
}

array Mlp::operator()(const array& x) const {
  const auto inner = [&] {
    if (fused_) {
      const std::vector<array> halves = split((*fused_)(x), 2, -1);
      return activated(halves[0], halves[1]);
    }
    if (!gate_) return activated((*up_)(x));
    const std::vector<array> both = Linear::apply_all(x, {&*gate_, &*up_});
    return activated(both[0], both[1]);
  };
  return down_(down_norm_ ? (*down_norm_)(inner()) : inner());
}

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const MlpSpec& spec, int hidden_size) {
  return std::make_unique<Mlp>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
