#include "engine/nn/random_scope.h"
#include "engine/nn/transforms.h"
#include "engine/transforms/transforms.h"

namespace quern::nn {

std::function<Arrays(const Arrays&)> checkpoint(Module& module,
                                                std::function<Arrays(const Arrays&)> fun) {
  return [&module, fun = std::move(fun)](const Arrays& inputs) {
    const Parameters trainable = module.trainable_parameters();
    const size_t parameters = trainable.size();
    const auto recomputed = quern::checkpoint([&module, fun, trainable,
                                               parameters](const Arrays& arrays) {
      const auto rest = arrays.begin() + 1 + std::ptrdiff_t(parameters);
      const RandomScope random(arrays[0]);
      const ParameterScope scope(module, with_values(trainable, Arrays(arrays.begin() + 1, rest)));
      return fun(Arrays(rest, arrays.end()));
    });
    Arrays arguments{RandomScope::next_key()};
    for (const auto& [name, value] : trainable) arguments.push_back(value);
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    return recomputed(arguments);
  };
}

std::function<array(const Arrays&)> checkpoint(Module& module,
                                               std::function<array(const Arrays&)> fun) {
  const std::function<Arrays(const Arrays&)> of_vectors = [fun = std::move(fun)](const Arrays& in) {
    return Arrays{fun(in)};
  };
  return
      [inner = checkpoint(module, of_vectors)](const Arrays& inputs) { return inner(inputs)[0]; };
}

}  // namespace quern::nn
