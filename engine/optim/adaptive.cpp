#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/creation.h"
#include "engine/ops/unary.h"
#include "engine/optim/arithmetic.h"
#include "engine/optim/optimizers.h"

namespace quern::optim {

namespace {

void require(bool fits, const char* where, const char* what, double value) {
  if (fits) return;
  throw std::invalid_argument(fmt::format("[{}] {} is {}", where, what, value));
}

}  // namespace

SGD::SGD(LearningRate learning_rate, double momentum, double weight_decay, double dampening,
         bool nesterov)
    : Optimizer(std::move(learning_rate)),
      momentum_(momentum),
      weight_decay_(weight_decay),
      dampening_(dampening),
      nesterov_(nesterov) {
  if (nesterov && (momentum <= 0 || dampening != 0)) {
    throw std::invalid_argument(
        fmt::format("[SGD] nesterov needs a momentum and no dampening, which are {} and {}",
                    momentum, dampening));
  }
}

Optimizer::Slots SGD::init_single(const array& parameter) const {
  return {{"v", zeros_like(parameter)}};
}

array SGD::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  const array g = weight_decay_ == 0 ? gradient : add(gradient, times(weight_decay_, parameter));
  const array rate = rate_for(g);
  if (momentum_ <= 0) return subtract(parameter, multiply(rate, g));
  array& v = slots.at("v");
  v = add(times(momentum_, v), dampening_ > 0 ? times(1 - dampening_, g) : g);
  const array update = nesterov_ ? add(g, times(momentum_, v)) : v;
  return subtract(parameter, multiply(rate, update));
}

RMSprop::RMSprop(LearningRate learning_rate, double alpha, double eps)
    : Optimizer(std::move(learning_rate)), alpha_(alpha), eps_(eps) {
  require(alpha >= 0, "RMSprop", "alpha", alpha);
  require(eps > 0, "RMSprop", "eps", eps);
}

Optimizer::Slots RMSprop::init_single(const array& parameter) const {
  return {{"v", zeros_like(parameter)}};
}

array RMSprop::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  array& v = slots.at("v");
  v = moved(v, alpha_, square(gradient));
  const array step = multiply(rate_for(gradient), gradient);
  return subtract(parameter, divide(step, plus(sqrt(v), eps_)));
}

Adagrad::Adagrad(LearningRate learning_rate, double eps)
    : Optimizer(std::move(learning_rate)), eps_(eps) {
  require(eps > 0, "Adagrad", "eps", eps);
}

Optimizer::Slots Adagrad::init_single(const array& parameter) const {
  return {{"v", zeros_like(parameter)}};
}

array Adagrad::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  array& v = slots.at("v");
  v = add(v, square(gradient));
  const array step = multiply(rate_for(gradient), gradient);
  return subtract(parameter, divide(step, plus(sqrt(v), eps_)));
}

AdaDelta::AdaDelta(LearningRate learning_rate, double rho, double eps)
    : Optimizer(std::move(learning_rate)), rho_(rho), eps_(eps) {
  require(rho >= 0, "AdaDelta", "rho", rho);
  require(eps > 0, "AdaDelta", "eps", eps);
}

Optimizer::Slots AdaDelta::init_single(const array& parameter) const {
  return {{"v", zeros_like(parameter)}, {"u", zeros_like(parameter)}};
}

array AdaDelta::apply_single(const array& gradient, const array& parameter, Slots& slots) const {
  array &v = slots.at("v"), &u = slots.at("u");
  v = moved(v, rho_, square(gradient));
  const array d = multiply(divide(sqrt(plus(u, eps_)), sqrt(plus(v, eps_))), gradient);
  u = moved(u, rho_, square(d));
  return subtract(parameter, multiply(rate_for(gradient), d));
}

}  // namespace quern::optim
