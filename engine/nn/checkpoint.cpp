#include <utility>

#include "engine/nn/random_scope.h"
#include "engine/nn/transforms.h"
#include "engine/transforms/transforms.h"

namespace quern::nn {

std::function<Arrays(const Arrays&)> checkpoint(Module& module,
                                                std::function<Arrays(const Arrays&)> fun) {
  return [&module, fun = std::move(fun)](const Arrays& inputs) {
    const Parameters trainable = module.trainable_parameters(), before = module.state();
    const auto is_first = std::make_shared<bool>(true);
    const auto recomputed = quern::checkpoint([=, &module](const Arrays& arrays) {
      // The first run counts: what it changes in the module, like running statistics, stays. Later
      // ones start from where it did, and leave the module as they find it.
      Parameters replaced = std::exchange(*is_first, false) ? Parameters() : before;
      size_t next = 1;
      for (const auto& [name, value] : trainable) replaced.insert_or_assign(name, arrays[next++]);
      const RandomScope random(arrays[0]);
      const ParameterScope scope(module, replaced);
      return fun(Arrays(arrays.begin() + std::ptrdiff_t(next), arrays.end()));
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
