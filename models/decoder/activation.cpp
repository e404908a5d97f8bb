#include "models/decoder/activation.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/unary.h"

namespace quern::models {

array activate(Activation activation, const array& x) {
  const auto number = [&](double value) { return array(float(value), x.dtype()); };
  switch (activation) {
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::gelu:
      return x * (number(0.5) * (number(1) + erf(x * number(1 / std::numbers::sqrt2))));
    case Activation::gelu_tanh: {
      // Hendrycks & Gimpel 2016.
      const array inner =
          number(std::sqrt(2 / std::numbers::pi)) * (x + number(0.044715) * x * square(x));
      return x * (number(0.5) * (number(1) + tanh(inner)));
    }
    case Activation::relu:
      return maximum(x, number(0));
    case Activation::relu_squared:
      return square(maximum(x, number(0)));
    case Activation::clamped_swiglu:
      throw std::logic_error("[activation] clamped_swiglu needs a gate");
    case Activation::xielu:
      throw std::logic_error("[activate] xielu has parameters");
  }
  __builtin_unreachable();
}

array activate(Activation activation, const array& gate, const array& up) {
  if (activation != Activation::clamped_swiglu) return multiply(activate(activation, gate), up);
  const auto number = [&](float value) { return array(value, gate.dtype()); };
  const array limit = number(7), slope = number(1.702f);
  const array g = minimum(gate, limit), u = minimum(maximum(up, negative(limit)), limit);
  return multiply(multiply(g, sigmoid(multiply(slope, g))), add(u, number(1)));
}

}  // namespace quern::models
