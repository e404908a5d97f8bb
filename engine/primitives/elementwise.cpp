#include "engine/primitives/elementwise.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/unary.h"
#include "engine/primitives/batch.h"

namespace quern {

std::vector<Shape> Elementwise::output_shapes(const Arrays& inputs) const {
  for (const array& a : inputs) {
    if (a.shape() == inputs[0].shape()) continue;
    throw std::invalid_argument(fmt::format("[{}] shapes {} and {} differ", name(),
                                            to_string(inputs[0].shape()), to_string(a.shape())));
  }
  return {inputs[0].shape()};
}

Batched Elementwise::vmap(const Arrays& inputs, const std::vector<int>& axes,
                          const Arrays& outputs) const {
  const auto [batched, axis] = align_batch(inputs, axes);
  Shape shape = batched[0].shape();
  return {{array(std::move(shape), outputs[0].dtype(), shared_from_this(), batched)}, {axis}};
}

Arrays Differentiable::vjp(const Arrays& primals, const Arrays& cotangents,
                           const std::vector<int>& argnums, const Arrays& outputs) const {
  const Dtype dtype = outputs[0].dtype();
  if (dtype == bool_) return zeros_of(primals, argnums);
  Arrays gradients;
  for (const int i : argnums) {
    // The transpose of a complex factor is its conjugate.
    const bool is_complex = dtype == complex64;
    const array& c = cotangents[0];
    const array g = times_derivative(is_complex ? conjugate(c) : c, i, primals, outputs[0]);
    gradients.push_back(is_complex ? conjugate(g) : g);
  }
  return gradients;
}

Arrays Differentiable::jvp(const Arrays& primals, const Arrays& tangents,
                           const std::vector<int>& argnums, const Arrays& outputs) const {
  if (outputs[0].dtype() == bool_) return {zeros_like(outputs[0])};
  array sum = times_derivative(tangents[0], argnums[0], primals, outputs[0]);
  for (size_t i = 1; i < argnums.size(); ++i) {
    sum = add(sum, times_derivative(tangents[i], argnums[i], primals, outputs[0]));
  }
  return {sum};
}

array finite_difference(const array& a, const array& b) {
  const array same = logical_and(isinf(a), equal(a, b)), zero = array(0, a.dtype());
  return subtract(where(same, zero, a), where(same, zero, b));
}

Arrays Stepwise::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                     const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays Stepwise::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                     const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

}  // namespace quern
