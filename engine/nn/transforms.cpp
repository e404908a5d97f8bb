#include "engine/nn/transforms.h"

#include <numeric>

#include "engine/transforms/transforms.h"

namespace quern::nn {

namespace {

/// The first arrays under their names, and the rest.
std::pair<Parameters, Arrays> divided(const Parameters& names, const Arrays& arrays) {
  const auto middle = arrays.begin() + std::ptrdiff_t(names.size());
  return {with_values(names, Arrays(arrays.begin(), middle)), Arrays(middle, arrays.end())};
}

Arrays followed_by(Arrays first, const Arrays& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

ParameterScope::ParameterScope(Module& module, const Parameters& parameters) : module_(module) {
  const Parameters all = module.state();
  for (const auto& [name, value] : parameters) {
    if (const auto found = all.find(name); found != all.end()) previous_.insert(*found);
  }
  module.update(parameters);
}

ParameterScope::~ParameterScope() { module_.update(previous_, false); }

std::function<std::pair<Arrays, Parameters>(const Arrays&)> value_and_grad(
    Module& model, std::function<Arrays(const Arrays&)> fun) {
  return [&model, fun = std::move(fun)](const Arrays& inputs) {
    const Parameters trainable = model.trainable_parameters();
    const std::function<Arrays(const Arrays&)> of_parameters = [&](const Arrays& arrays) {
      const auto [parameters, rest] = divided(trainable, arrays);
      const ParameterScope scope(model, parameters);
      return fun(rest);
    };
    if (trainable.empty()) return std::pair(fun(inputs), Parameters());
    std::vector<int> argnums(trainable.size());
    std::iota(argnums.begin(), argnums.end(), 0);
    const auto [values, gradients] =
        quern::value_and_grad(of_parameters, argnums)(followed_by(values_of(trainable), inputs));
    return std::pair(values, with_values(trainable, gradients));
  };
}

std::function<std::pair<array, Parameters>(const Arrays&)> value_and_grad(
    Module& model, std::function<array(const Arrays&)> fun) {
  const std::function<Arrays(const Arrays&)> of_vectors = [fun = std::move(fun)](const Arrays& in) {
    return Arrays{fun(in)};
  };
  return [inner = value_and_grad(model, of_vectors)](const Arrays& inputs) {
    auto [values, gradients] = inner(inputs);
    return std::pair(values[0], std::move(gradients));
  };
}

}  // namespace quern::nn
