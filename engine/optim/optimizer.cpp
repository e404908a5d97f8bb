#include "engine/optim/optimizer.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/io/safetensors.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/reduce.h"
#include "engine/ops/unary.h"

namespace quern::optim {

namespace {

const array& parameter_of(const std::string& name, const array& gradient,
                          const Parameters& parameters) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) {
    throw std::invalid_argument(
        fmt::format("[apply_gradients] there is a gradient, but no parameter {}", name));
  }
  if (found->second.shape() != gradient.shape()) {
    throw std::invalid_argument(fmt::format("[apply_gradients] {} has shape {}, its gradient {}",
                                            name, to_string(found->second.shape()),
                                            to_string(gradient.shape())));
  }
  return found->second;
}

}  // namespace

array LearningRate::at(const array& step) const {
  return schedule_ ? schedule_(step) : array(value_, float32);
}

void AnyOptimizer::update(nn::Module& model, const Parameters& gradients) {
  model.update(apply_gradients(gradients, model.parameters()));
}

void AnyOptimizer::save_state(const std::filesystem::path& file) const {
  const Parameters all = state();
  save_safetensors(file.string(), {all.begin(), all.end()});
}

void AnyOptimizer::load_state(const std::filesystem::path& file) {
  const auto [arrays, metadata] = load_safetensors(file.string());
  set_state(Parameters(arrays.begin(), arrays.end()));
}

Optimizer::Optimizer(std::optional<LearningRate> learning_rate) : step_(array(0, uint64)) {
  if (!learning_rate) return;
  schedule_ = learning_rate->schedule();
  learning_rate_ = learning_rate->at(step_);
}

void Optimizer::init(const Parameters& parameters) {
  for (const auto& [name, parameter] : parameters) {
    Slots& slots = slots_[name];
    if (slots.empty()) slots = init_single(parameter);
  }
}

Parameters Optimizer::apply_gradients(const Parameters& gradients, const Parameters& parameters) {
  // Checked first: a step that fails leaves the state as it was.
  for (const auto& [name, gradient] : gradients) parameter_of(name, gradient, parameters);
  init(gradients);
  if (schedule_) learning_rate_ = schedule_(step_);
  step_ = add(step_, array(1, uint64));
  Parameters updated;
  for (const auto& [name, gradient] : gradients) {
    updated.emplace(name, apply_single(gradient, parameters.at(name), slots_.at(name)));
  }
  return updated;
}

Parameters Optimizer::state() const {
  Parameters all{{"step", step_}};
  if (learning_rate_) all.emplace("learning_rate", *learning_rate_);
  for (const auto& [name, slots] : slots_) {
    for (const auto& [slot, value] : slots) all.emplace(name + "." + slot, value);
  }
  return all;
}

void Optimizer::set_state(const Parameters& state) {
  const auto step = state.find("step");
  if (step == state.end()) throw std::invalid_argument("[set_state] the state has no step");
  std::map<std::string, Slots> slots;
  for (const auto& [name, value] : state) {
    const size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
      slots[name.substr(0, dot)].insert_or_assign(name.substr(dot + 1), value);
    } else if (name != "step" && name != "learning_rate") {
      throw std::invalid_argument(fmt::format("[set_state] {} belongs to no parameter", name));
    }
  }
  const auto rate = state.find("learning_rate");
  step_ = step->second;
  if (rate != state.end()) learning_rate_ = rate->second;
  slots_ = std::move(slots);
}

array Optimizer::learning_rate() const {
  if (learning_rate_) return *learning_rate_;
  throw std::invalid_argument("[Optimizer] has no learning rate");
}

array Optimizer::rate_for(const array& gradient) const {
  return astype(learning_rate(), gradient.dtype());
}

MultiOptimizer::MultiOptimizer(std::vector<std::shared_ptr<AnyOptimizer>> optimizers,
                               std::vector<Filter> filters)
    : optimizers_(std::move(optimizers)), filters_(std::move(filters)) {
  if (filters_.size() + 1 != optimizers_.size()) {
    throw std::invalid_argument(fmt::format("[MultiOptimizer] {} filters for {} optimizers",
                                            filters_.size(), optimizers_.size()));
  }
}

std::vector<Parameters> MultiOptimizer::divided(const Parameters& gradients) const {
  std::vector<Parameters> parts(optimizers_.size());
  for (const auto& [name, gradient] : gradients) {
    size_t i = 0;
    while (i < filters_.size() && !filters_[i](name, gradient)) ++i;
    parts[i].emplace(name, gradient);
  }
  return parts;
}

void MultiOptimizer::init(const Parameters& parameters) {
  const std::vector<Parameters> parts = divided(parameters);
  for (size_t i = 0; i < parts.size(); ++i) optimizers_[i]->init(parts[i]);
}

Parameters MultiOptimizer::apply_gradients(const Parameters& gradients,
                                           const Parameters& parameters) {
  const std::vector<Parameters> parts = divided(gradients);
  Parameters updated;
  for (size_t i = 0; i < parts.size(); ++i) {
    updated.merge(optimizers_[i]->apply_gradients(parts[i], parameters));
  }
  return updated;
}

Parameters MultiOptimizer::state() const {
  Parameters all;
  for (size_t i = 0; i < optimizers_.size(); ++i) {
    for (const auto& [name, value] : optimizers_[i]->state()) {
      all.emplace(fmt::format("states.{}.{}", i, name), value);
    }
  }
  return all;
}

void MultiOptimizer::set_state(const Parameters& state) {
  std::vector<Parameters> parts(optimizers_.size());
  size_t taken = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string prefix = fmt::format("states.{}.", i);
    for (auto named = state.lower_bound(prefix);
         named != state.end() && named->first.starts_with(prefix); ++named, ++taken) {
      parts[i].emplace(named->first.substr(prefix.size()), named->second);
    }
  }
  if (taken != state.size()) {
    throw std::invalid_argument(fmt::format("[MultiOptimizer] {} of {} arrays are of no optimizer",
                                            state.size() - taken, state.size()));
  }
  for (size_t i = 0; i < parts.size(); ++i) optimizers_[i]->set_state(parts[i]);
}

void MultiOptimizer::set_learning_rate(const array& learning_rate) {
  for (const auto& optimizer : optimizers_) optimizer->set_learning_rate(learning_rate);
}

std::pair<Parameters, array> clip_grad_norm(const Parameters& gradients, double max_norm) {
  if (!(max_norm >= 0)) {
    throw std::invalid_argument(
        fmt::format("[clip_grad_norm] the largest norm is {}, below 0", max_norm));
  }
  array total(0.0f);
  for (const auto& [name, gradient] : gradients) {
    total = add(total, sum(square(astype(gradient, float32))));
  }
  const array norm = sqrt(total);
  const array room = divide(array(max_norm, float32), add(norm, array(1e-6f)));
  const array factor = minimum(room, array(1.0f));
  Parameters clipped;
  for (const auto& [name, gradient] : gradients) {
    clipped.emplace(name, multiply(gradient, astype(factor, gradient.dtype())));
  }
  return {std::move(clipped), norm};
}

}  // namespace quern::optim
