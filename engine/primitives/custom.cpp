#include "engine/primitives/custom.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"
#include "engine/transforms/transforms.h"

namespace quern {

namespace {

Arrays first(const Arrays& arrays, int n) { return Arrays(arrays.begin(), arrays.begin() + n); }

void require_count(size_t got, size_t want, const char* what) {
  if (got == want) return;
  throw std::invalid_argument(
      fmt::format("[custom_function] its {} returned {} arrays, not {}", what, got, want));
}

/// The function and its gradient mapped over a batch, which the outputs carry first.
std::shared_ptr<const CustomFunction> batched(const CustomFunction& f, std::vector<int> in_axes) {
  CustomFunction mapped;
  mapped.fun = quern::vmap(f.fun, in_axes);
  if (!f.vjp) return std::make_shared<const CustomFunction>(std::move(mapped));
  mapped.vjp = [vjp = *f.vjp, in_axes](const Arrays& primals, const Arrays& cotangents,
                                       const Arrays& outputs) {
    const size_t n = primals.size(), m = cotangents.size();
    Arrays all = primals;
    all.insert(all.end(), cotangents.begin(), cotangents.end());
    all.insert(all.end(), outputs.begin(), outputs.end());
    std::vector<int> axes = in_axes, out_axes = in_axes;
    axes.resize(all.size(), 0);
    for (int& axis : out_axes) axis = std::max(axis, 0);
    const auto of_one = [&vjp, n, m](const Arrays& in) {
      const auto at = in.begin();
      return vjp(Arrays(at, at + long(n)), Arrays(at + long(n), at + long(n + m)),
                 Arrays(at + long(n + m), in.end()));
    };
    Arrays gradients = quern::vmap(of_one, axes, out_axes)(all);
    // What goes to every element of the batch gathers the gradients of all.
    for (size_t i = 0; i < n; ++i) {
      if (in_axes[i] == -1) gradients[i] = sum(gradients[i], 0);
    }
    return gradients;
  };
  return std::make_shared<const CustomFunction>(std::move(mapped));
}

}  // namespace

std::vector<Shape> Custom::output_shapes(const Arrays& inputs) const {
  std::vector<Shape> shapes;
  for (size_t i = size_t(arguments); i < inputs.size(); ++i) shapes.push_back(inputs[i].shape());
  return shapes;
}

Arrays Custom::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                   const Arrays& outputs) const {
  const Arrays given = first(primals, arguments);
  const Arrays all = function->vjp ? (*function->vjp)(given, cotangents, outputs)
                                   : quern::vjp(function->fun, given, cotangents).second;
  require_count(all.size(), given.size(), "vjp");
  Arrays gradients;
  for (const int i : argnums) {
    // What the function depends on besides its arguments gets its gradient through its outputs.
    gradients.push_back(i < arguments ? all[size_t(i)] : cotangents[size_t(i - arguments)]);
  }
  return gradients;
}

Arrays Custom::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                   const Arrays& outputs) const {
  const Arrays given = first(primals, arguments);
  Arrays of_arguments, through(outputs.size(), array(0.0f));
  std::vector<int> numbers;
  std::vector<bool> passes(outputs.size(), false);
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] < arguments) {
      numbers.push_back(argnums[k]);
      of_arguments.push_back(tangents[k]);
    } else {
      through[size_t(argnums[k] - arguments)] = tangents[k];
      passes[size_t(argnums[k] - arguments)] = true;
    }
  }
  Arrays moved;
  if (numbers.empty()) {
    for (const array& output : outputs) moved.push_back(zeros_like(output));
  } else if (function->jvp) {
    moved = (*function->jvp)(given, of_arguments, numbers);
    require_count(moved.size(), outputs.size(), "jvp");
  } else {
    Arrays every;
    for (const array& a : given) every.push_back(zeros_like(a));
    for (size_t k = 0; k < numbers.size(); ++k) every[size_t(numbers[k])] = of_arguments[k];
    moved = quern::jvp(function->fun, given, every).second;
  }
  for (size_t i = 0; i < moved.size(); ++i) {
    if (passes[i]) moved[i] = add(moved[i], through[i]);
  }
  return moved;
}

Batched Custom::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const std::vector<int> in_axes(axes.begin(), axes.begin() + arguments);
  if (function->vmap) return (*function->vmap)(first(inputs, arguments), in_axes);
  const bool any = std::any_of(in_axes.begin(), in_axes.end(), [](int axis) { return axis >= 0; });
  Arrays results = broadcast_batch_first(inputs, axes);
  results.erase(results.begin(), results.begin() + arguments);
  const std::vector<int> out_axes(results.size(), 0);
  if (!any) return {results, out_axes};
  Arrays operands = first(inputs, arguments);
  std::vector<Shape> shapes;
  std::vector<Dtype> dtypes;
  for (const array& result : results) {
    operands.push_back(result);
    shapes.push_back(result.shape());
    dtypes.push_back(result.dtype());
  }
  const auto primitive = make_pooled<Custom>(stream(), batched(*function, in_axes), arguments);
  return {array::make_arrays(std::move(shapes), dtypes, primitive, std::move(operands)), out_axes};
}

bool Custom::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const Custom&>(other);
  return function == o.function && arguments == o.arguments;
}

void Custom::save(StateWriter&) const {
  throw std::runtime_error("[export] a custom function cannot be written to a file");
}

std::shared_ptr<const Primitive> Custom::load(const Stream&, StateReader&) {
  throw std::runtime_error("[import] a custom function cannot be read from a file");
}

}  // namespace quern
