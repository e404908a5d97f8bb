#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/unary.h"
#include "engine/optim/arithmetic.h"
#include "engine/optim/optimizers.h"

namespace quern::optim {

namespace {

Betas checked(Betas betas, const char* where) {
  for (const double beta : {betas.first, betas.second}) {
    if (beta >= 0 && beta < 1) continue;
    throw std::invalid_argument(fmt::format("[{}] the beta {} is not in [0, 1)", where, beta));
  }
  return betas;
}

double checked_eps(double eps, const char* where) {
  if (eps >= 0) return eps;
  throw std::invalid_argument(fmt::format("[{}] eps is {}, below 0", where, eps));
}

}  // namespace

Adam::Adam(LearningRate learning_rate, Betas betas, double eps, bool bias_correction)
    : Optimizer(std::move(learning_rate)),
      betas_(checked(betas, "Adam")),
      eps_(checked_eps(eps, "Adam")),
      bias_correction_(bias_correction) {}

Optimizer::Slots Adam::init_single(const array& parameter) const {
  return {{"m", zeros_like(parameter)}, {"v", zeros_like(parameter)}};
}

array Adam::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  const auto [b1, b2] = betas_;
  array &m = slots.at("m"), &v = slots.at("v");
  m = moved(m, b1, gradient);
  v = moved(v, b2, square(gradient));
  const array rate = rate_for(gradient);
  if (!bias_correction_) {
    return subtract(parameter, divide(multiply(rate, m), plus(sqrt(v), eps_)));
  }
  // In float32, whatever the gradient's dtype: 1 - 0.999^t needs it.
  const array t = astype(step(), float32);
  const auto remaining = [&](double beta) {
    return subtract(array(1.0f), power(array(beta, float32), t));
  };
  const array corrected_rate = astype(divide(rate, remaining(b1)), gradient.dtype());
  const array correction = astype(rsqrt(remaining(b2)), gradient.dtype());
  const array denominator = plus(multiply(sqrt(v), correction), eps_);
  return subtract(parameter, divide(multiply(corrected_rate, m), denominator));
}

AdamW::AdamW(LearningRate learning_rate, Betas betas, double eps, double weight_decay,
             bool bias_correction)
    : Adam(std::move(learning_rate), betas, eps, bias_correction), weight_decay_(weight_decay) {}

array AdamW::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  const array decay = times(weight_decay_, rate_for(gradient));
  const array kept = subtract(weak_scalar(1, decay), decay);
  return Adam::apply_single(gradient, multiply(parameter, kept), slots);
}

Adamax::Adamax(LearningRate learning_rate, Betas betas, double eps)
    : Optimizer(std::move(learning_rate)),
      betas_(checked(betas, "Adamax")),
      eps_(checked_eps(eps, "Adamax")) {}

Optimizer::Slots Adamax::init_single(const array& parameter) const {
  return {{"m", zeros_like(parameter)}, {"v", zeros_like(parameter)}};
}

array Adamax::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  array &m = slots.at("m"), &v = slots.at("v");
  m = moved(m, betas_.first, gradient);
  v = maximum(times(betas_.second, v), abs(gradient));
  return subtract(parameter, divide(multiply(rate_for(gradient), m), plus(v, eps_)));
}

Lion::Lion(LearningRate learning_rate, Betas betas, double weight_decay)
    : Optimizer(std::move(learning_rate)),
      betas_(checked(betas, "Lion")),
      weight_decay_(weight_decay) {}

Optimizer::Slots Lion::init_single(const array& parameter) const {
  return {{"m", zeros_like(parameter)}};
}

array Lion::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  array& m = slots.at("m");
  const array rate = rate_for(gradient);
  const array direction = sign(moved(m, betas_.first, gradient));
  m = moved(m, betas_.second, gradient);
  array kept = parameter;
  if (weight_decay_ > 0) {
    const array decay = times(weight_decay_, rate);
    kept = multiply(subtract(weak_scalar(1, decay), decay), parameter);
  }
  return subtract(kept, multiply(rate, direction));
}

}  // namespace quern::optim
