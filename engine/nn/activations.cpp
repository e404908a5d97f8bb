#include "engine/nn/activations.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/weak_scalar.h"

namespace quern::nn {

namespace {

array times(double factor, const array& x) { return multiply(weak_scalar(factor, x), x); }
array plus(const array& x, double number) { return add(x, weak_scalar(number, x)); }
array at_least(const array& x, double number) { return maximum(x, weak_scalar(number, x)); }
array at_most(const array& x, double number) { return minimum(x, weak_scalar(number, x)); }

/// x where the condition holds, else 0.
array only_where(const array& condition, const array& x) {
  return where(condition, x, weak_scalar(0, x));
}

}  // namespace

array relu(const array& x) { return maximum(x, array(0, x.dtype())); }

array relu2(const array& x) { return square(relu(x)); }

array relu6(const array& x) { return at_most(relu(x), 6); }

array leaky_relu(const array& x, float negative_slope) {
  return maximum(times(negative_slope, x), x);
}

array prelu(const array& x, const array& alpha) {
  const array zero(0, x.dtype());
  return add(maximum(x, zero), multiply(alpha, minimum(x, zero)));
}

array elu(const array& x, float alpha) {
  return where(greater(x, weak_scalar(0, x)), x, times(alpha, plus(exp(x), -1)));
}

array celu(const array& x, float alpha) {
  const array scaled = divide(at_most(x, 0), weak_scalar(alpha, x));
  return add(at_least(x, 0), times(alpha, plus(exp(scaled), -1)));
}

array selu(const array& x) { return times(1.0507, elu(x, 1.67326f)); }

array gelu(const array& x) {
  return divide(multiply(x, plus(erf(divide(x, weak_scalar(std::numbers::sqrt2, x))), 1)),
                weak_scalar(2, x));
}

array gelu_approx(const array& x) {
  const array cube = multiply(square(x), x);
  const double slope = std::sqrt(2 / std::numbers::pi);
  return multiply(times(0.5, x), plus(tanh(times(slope, add(x, times(0.044715, cube)))), 1));
}

array gelu_fast_approx(const array& x) { return multiply(x, sigmoid(times(1.702, x))); }

array silu(const array& x) { return multiply(x, sigmoid(x)); }

array mish(const array& x) { return multiply(x, tanh(softplus(x))); }

array hardswish(const array& x) {
  return divide(multiply(x, at_most(at_least(plus(x, 3), 0), 6)), weak_scalar(6, x));
}

array hard_tanh(const array& x, float min_val, float max_val) {
  return at_most(at_least(x, min_val), max_val);
}

array hard_shrink(const array& x, float lambda) {
  return only_where(greater(abs(x), weak_scalar(lambda, x)), x);
}

array softshrink(const array& x, float lambda) {
  return only_where(greater(abs(x), weak_scalar(lambda, x)), subtract(x, times(lambda, sign(x))));
}

array softplus(const array& x) { return logaddexp(x, weak_scalar(0, x)); }

array softsign(const array& x) { return divide(x, plus(abs(x), 1)); }

array log_sigmoid(const array& x) { return negative(softplus(negative(x))); }

array step(const array& x, float threshold) {
  return where(greater_equal(x, weak_scalar(threshold, x)), array(1), array(0));
}

array softmax(const array& x, int axis) { return quern::softmax(x, axis); }

array softmin(const array& x, int axis) { return quern::softmax(negative(x), axis); }

array log_softmax(const array& x, int axis) {
  // A large maximum would swallow the logarithm of the sum when it is added to it.
  const array shifted = subtract(x, stop_gradient(max(x, axis, true)));
  return subtract(shifted, logsumexp(shifted, axis, true));
}

array glu(const array& x, int axis) {
  const Arrays halves = split(x, 2, axis);
  return multiply(halves[0], sigmoid(halves[1]));
}

GELU::GELU(const std::string& approx) {
  if (approx == "none") {
    function_ = gelu;
  } else if (approx == "precise" || approx == "tanh") {
    function_ = gelu_approx;
  } else if (approx == "fast") {
    function_ = gelu_fast_approx;
  } else {
    throw std::invalid_argument(
        fmt::format("[GELU] approx is none, precise, tanh or fast, not \"{}\"", approx));
  }
}

PReLU::PReLU(int num_parameters, float init)
    : weight(*this, "weight", full({num_parameters}, init)) {}

}  // namespace quern::nn
