#pragma once

#include <functional>
#include <utility>

#include "engine/nn/module.h"

namespace quern::nn {

/// A function that returns what `fun` does, and the gradients of its first output, a scalar, with
/// respect to the model's trainable parameters, under their names. `fun` uses the model; the model
/// must outlive the function that is returned.
std::function<std::pair<Arrays, Parameters>(const Arrays&)> value_and_grad(
    Module& model, std::function<Arrays(const Arrays&)> fun);
std::function<std::pair<array, Parameters>(const Arrays&)> value_and_grad(
    Module& model, std::function<array(const Arrays&)> fun);

/// `fun`, which uses the module, with its inner results computed again for the gradient instead of
/// kept: memory for time. Its dropout draws the same masks both times.
std::function<Arrays(const Arrays&)> checkpoint(Module& module,
                                                std::function<Arrays(const Arrays&)> fun);
std::function<array(const Arrays&)> checkpoint(Module& module,
                                               std::function<array(const Arrays&)> fun);

/// A module's arrays replaced for a scope: what runs a module on the arrays of a transform.
class ParameterScope {
 public:
  ParameterScope(Module& module, const Parameters& parameters);
  ~ParameterScope();
  ParameterScope(const ParameterScope&) = delete;
  ParameterScope& operator=(const ParameterScope&) = delete;

 private:
  Module& module_;
  Parameters previous_;
};

}  // namespace quern::nn
