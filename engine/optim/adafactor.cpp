#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/optim/arithmetic.h"
#include "engine/optim/optimizers.h"

namespace quern::optim {

namespace {

array root_mean_square(const array& x) { return sqrt(mean(square(x))); }

/// decay * average + (1 - decay) * value, for an array's decay.
array moved_by(const array& average, const array& decay, const array& value) {
  return add(multiply(decay, average), multiply(subtract(weak_scalar(1, decay), decay), value));
}

}  // namespace

Adafactor::Adafactor(const AdafactorOptions& options)
    : Optimizer(options.learning_rate), options_(options) {
  if (!options.relative_step && !options.learning_rate) {
    throw std::invalid_argument("[Adafactor] needs a learning rate or relative_step");
  }
}

Optimizer::Slots Adafactor::init_single(const array& parameter) const {
  Slots slots;
  if (parameter.ndim() >= 2) {
    const Shape& shape = parameter.shape();
    const Shape rows(shape.begin(), shape.end() - 1);
    Shape columns(shape.begin(), shape.end() - 2);
    columns.push_back(shape.back());
    slots.emplace("exp_avg_sq_row", zeros(rows, parameter.dtype()));
    slots.emplace("exp_avg_sq_col", zeros(columns, parameter.dtype()));
  } else {
    slots.emplace("exp_avg_sq", zeros_like(parameter));
  }
  if (options_.beta_1) slots.emplace("exp_avg", zeros_like(parameter));
  return slots;
}

array Adafactor::rate(const array& parameter_rms) const {
  array rate = options_.relative_step ? array(0.01f) : learning_rate();
  if (options_.relative_step) {
    const array t = astype(step(), float32);
    rate = minimum(options_.warmup_init ? times(1e-6, t) : rate, rsqrt(t));
  }
  rate = astype(rate, parameter_rms.dtype());
  if (!options_.scale_parameter) return rate;
  return multiply(maximum(weak_scalar(options_.eps.second, parameter_rms), parameter_rms), rate);
}

array Adafactor::normalized(const array& gradient, Slots& slots) const {
  const array t = astype(step(), float32);
  const array decay =
      subtract(weak_scalar(1, gradient),
               astype(power(t, array(options_.decay_rate, float32)), gradient.dtype()));
  const array squares = plus(square(gradient), options_.eps.first);
  if (gradient.ndim() < 2) {
    array& average = slots.at("exp_avg_sq");
    average = moved_by(average, decay, squares);
    return multiply(rsqrt(average), gradient);
  }
  array &rows = slots.at("exp_avg_sq_row"), &columns = slots.at("exp_avg_sq_col");
  rows = moved_by(rows, decay, mean(squares, -1));
  columns = moved_by(columns, decay, mean(squares, -2));
  const array row_factors = rsqrt(divide(rows, mean(rows, -1, true)));
  const array factors = multiply(expand_dims(row_factors, -1), expand_dims(rsqrt(columns), -2));
  return multiply(factors, gradient);
}

array Adafactor::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  const array rate = this->rate(root_mean_square(parameter));
  array update = normalized(gradient, slots);
  const array excess =
      divide(root_mean_square(update), weak_scalar(options_.clip_threshold, update));
  update = multiply(rate, divide(update, maximum(weak_scalar(1, excess), excess)));
  if (options_.beta_1) {
    array& average = slots.at("exp_avg");
    average = moved(average, *options_.beta_1, update);
    update = average;
  }
  if (options_.weight_decay == 0) return subtract(parameter, update);
  const array decay = multiply(parameter, times(-options_.weight_decay, rate));
  return subtract(add(parameter, decay), update);
}

}  // namespace quern::optim
