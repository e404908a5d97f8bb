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
    case Activation::xielu:
      throw std::logic_error("[activate] xielu has parameters");
  }
  __builtin_unreachable();
}

}  // namespace quern::models
