#include "engine/nn/losses.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/fast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/ops/weak_scalar.h"

namespace quern::nn::losses {

namespace {

array reduced(const array& loss, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean:
      return mean(loss);
    case Reduction::sum:
      return sum(loss);
    case Reduction::none:
      break;
  }
  return loss;
}

void require_same_shape(const array& a, const array& b, const char* where, const char* what) {
  if (a.shape() == b.shape()) return;
  throw std::invalid_argument(fmt::format("[{}] {} have shapes {} and {}", where, what,
                                          to_string(a.shape()), to_string(b.shape())));
}

array weighted(const array& loss, const std::optional<array>& weights, const char* where) {
  if (!weights) return loss;
  require_same_shape(loss, *weights, where, "the losses and their weights");
  return multiply(loss, *weights);
}

/// x[..., targets, ...] along the axis.
array chosen(const array& x, const array& targets, int axis) {
  return squeeze(take_along_axis(x, expand_dims(targets, axis), axis), axis);
}

void require_targets(const array& logits, const array& targets, int axis) {
  Shape wanted = logits.shape();
  if (targets.ndim() != logits.ndim()) {
    const int removed = normalize_axis(axis, int(logits.ndim()), "cross_entropy");
    wanted.erase(wanted.begin() + removed);
  }
  if (targets.shape() == wanted) return;
  throw std::invalid_argument(fmt::format("[cross_entropy] targets of shape {} for logits of {}",
                                          to_string(targets.shape()), to_string(logits.shape())));
}

array times(double factor, const array& x) { return multiply(weak_scalar(factor, x), x); }
array plus(const array& x, double number) { return add(x, weak_scalar(number, x)); }
array positive_part(const array& x) { return maximum(x, weak_scalar(0, x)); }

/// The p-norm of a - b over the axis, kept away from 0, where it has no gradient.
array distance(const array& a, const array& b, int axis, int p, float eps) {
  const array difference = abs(subtract(a, b));
  const array powers = sum(power(difference, weak_scalar(p, difference)), axis);
  return power(plus(powers, eps), weak_scalar(1.0 / p, powers));
}

}  // namespace

array cross_entropy(const array& logits, const array& targets, const std::optional<array>& weights,
                    int axis, float label_smoothing, Reduction reduction) {
  if (!(label_smoothing >= 0 && label_smoothing < 1)) {
    throw std::invalid_argument(
        fmt::format("[cross_entropy] label smoothing {} is not in [0, 1)", label_smoothing));
  }
  require_targets(logits, targets, axis);
  const bool along_last = axis == -1 || axis == int(logits.ndim()) - 1;
  if (along_last && label_smoothing == 0 && targets.ndim() < logits.ndim() &&
      issubdtype(logits.dtype(), floating)) {
    return reduced(weighted(fast::cross_entropy(logits, targets), weights, "cross_entropy"),
                   reduction);
  }
  // The loss depends on differences only; large logits would lose them to rounding.
  const array shifted = subtract(logits, stop_gradient(max(logits, axis, true)));
  const bool probabilities = targets.ndim() == logits.ndim();
  const array score =
      probabilities ? sum(multiply(shifted, targets), axis) : chosen(shifted, targets, axis);
  const array normalizer = logsumexp(shifted, axis);
  array loss = subtract(normalizer, score);
  if (label_smoothing > 0) {
    loss = subtract(subtract(normalizer, times(1.0 - double(label_smoothing), score)),
                    times(label_smoothing, mean(shifted, axis)));
  }
  return reduced(weighted(loss, weights, "cross_entropy"), reduction);
}

array binary_cross_entropy(const array& inputs, const array& targets,
                           const std::optional<array>& weights, bool with_logits,
                           Reduction reduction) {
  require_same_shape(inputs, targets, "binary_cross_entropy", "inputs and targets");
  array loss = inputs;
  if (with_logits) {
    loss = subtract(logaddexp(weak_scalar(0, inputs), inputs), multiply(inputs, targets));
  } else {
    const auto bounded_log = [](const array& x) { return maximum(log(x), weak_scalar(-100, x)); };
    const array one = weak_scalar(1, inputs);
    loss = negative(add(multiply(targets, bounded_log(inputs)),
                        multiply(subtract(one, targets), bounded_log(subtract(one, inputs)))));
  }
  return reduced(weighted(loss, weights, "binary_cross_entropy"), reduction);
}

array l1_loss(const array& predictions, const array& targets, Reduction reduction) {
  require_same_shape(predictions, targets, "l1_loss", "predictions and targets");
  return reduced(abs(subtract(predictions, targets)), reduction);
}

array mse_loss(const array& predictions, const array& targets, Reduction reduction) {
  require_same_shape(predictions, targets, "mse_loss", "predictions and targets");
  return reduced(square(subtract(predictions, targets)), reduction);
}

array nll_loss(const array& inputs, const array& targets, int axis, Reduction reduction) {
  return reduced(negative(chosen(inputs, targets, axis)), reduction);
}

array gaussian_nll_loss(const array& inputs, const array& targets, const array& vars, bool full,
                        float eps, Reduction reduction) {
  require_same_shape(inputs, targets, "gaussian_nll_loss", "inputs and targets");
  require_same_shape(inputs, vars, "gaussian_nll_loss", "inputs and variances");
  const array variances = maximum(vars, weak_scalar(eps, vars));
  const array errors = divide(square(subtract(targets, inputs)), variances);
  array loss = times(0.5, add(log(variances), errors));
  if (full) loss = plus(loss, 0.5 * std::log(2 * std::numbers::pi));
  return reduced(loss, reduction);
}

array kl_div_loss(const array& inputs, const array& targets, int axis, Reduction reduction) {
  return reduced(sum(multiply(exp(targets), subtract(targets, inputs)), axis), reduction);
}

array smooth_l1_loss(const array& predictions, const array& targets, float beta,
                     Reduction reduction) {
  require_same_shape(predictions, targets, "smooth_l1_loss", "predictions and targets");
  const array difference = abs(subtract(predictions, targets));
  const array quadratic = divide(times(0.5, square(difference)), weak_scalar(beta, difference));
  return reduced(where(less(difference, weak_scalar(beta, difference)), quadratic,
                       plus(difference, -0.5 * double(beta))),
                 reduction);
}

array triplet_loss(const array& anchors, const array& positives, const array& negatives, int axis,
                   int p, float margin, float eps, Reduction reduction) {
  const array near = distance(anchors, positives, axis, p, eps);
  const array far = distance(anchors, negatives, axis, p, eps);
  return reduced(positive_part(plus(subtract(near, far), margin)), reduction);
}

array hinge_loss(const array& inputs, const array& targets, Reduction reduction) {
  const array product = multiply(inputs, targets);
  return reduced(positive_part(subtract(weak_scalar(1, product), product)), reduction);
}

array huber_loss(const array& inputs, const array& targets, float delta, Reduction reduction) {
  const array errors = abs(subtract(inputs, targets));
  const array quadratic = minimum(errors, weak_scalar(delta, errors));
  const array linear = subtract(errors, quadratic);
  return reduced(add(times(0.5, square(quadratic)), times(delta, linear)), reduction);
}

array log_cosh_loss(const array& inputs, const array& targets, Reduction reduction) {
  const array errors = subtract(inputs, targets);
  return reduced(plus(logaddexp(errors, negative(errors)), -std::numbers::ln2), reduction);
}

array cosine_similarity_loss(const array& x1, const array& x2, int axis, float eps,
                             Reduction reduction) {
  const auto norm = [axis](const array& x) { return sqrt(sum(square(x), axis)); };
  const array norms = multiply(norm(x1), norm(x2));
  return reduced(divide(sum(multiply(x1, x2), axis), maximum(norms, weak_scalar(eps, norms))),
                 reduction);
}

array margin_ranking_loss(const array& inputs1, const array& inputs2, const array& targets,
                          float margin, Reduction reduction) {
  require_same_shape(inputs1, inputs2, "margin_ranking_loss", "the inputs");
  require_same_shape(inputs1, targets, "margin_ranking_loss", "inputs and targets");
  const array products = multiply(negative(targets), subtract(inputs1, inputs2));
  return reduced(positive_part(plus(products, margin)), reduction);
}

}  // namespace quern::nn::losses
