#include <algorithm>
#include <cmath>

#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/optim/arithmetic.h"
#include "engine/optim/optimizers.h"

namespace quern::optim {

namespace {

/// A matrix with the same singular vectors and singular values near 1, by steps of a quintic
/// polynomial that pushes them there.
array orthogonalized(const array& matrix, int steps) {
  constexpr float a = 3.4445f, b = -4.7750f, c = 2.0315f;
  const bool tall = matrix.shape(0) > matrix.shape(1);
  array x = tall ? transpose(matrix) : matrix;
  x = divide(x, plus(sqrt(sum(square(x), true)), 1e-7));
  for (int i = 0; i < steps; ++i) {
    const array gram = matmul(x, transpose(x));
    const array polynomial = addmm(times(b, gram), gram, gram, c);
    x = addmm(times(a, x), polynomial, x);
  }
  return tall ? transpose(x) : x;
}

}  // namespace

Muon::Muon(LearningRate learning_rate, double momentum, double weight_decay, bool nesterov,
           int ns_steps)
    : Optimizer(std::move(learning_rate)),
      momentum_(momentum),
      weight_decay_(weight_decay),
      nesterov_(nesterov),
      ns_steps_(ns_steps) {}

Optimizer::Slots Muon::init_single(const array& parameter) const {
  return {{"v", zeros_like(parameter)}};
}

array Muon::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  const array g = weight_decay_ == 0 ? gradient : add(gradient, times(weight_decay_, parameter));
  array& v = slots.at("v");
  v = moved(v, momentum_, g);
  array update = nesterov_ ? moved(v, momentum_, g) : v;
  array rate = rate_for(g);
  if (update.ndim() >= 2) {
    const Shape& shape = gradient.shape();
    update = reshape(orthogonalized(reshape(update, {shape[0], -1}), ns_steps_), shape);
    // Of the last two axes even when there are more, as in MLX.
    const double rows_per_column = double(gradient.shape(-2)) / gradient.shape(-1);
    rate = times(std::sqrt(std::max(1.0, rows_per_column)), rate);
  }
  return subtract(parameter, multiply(rate, update));
}

}  // namespace quern::optim
