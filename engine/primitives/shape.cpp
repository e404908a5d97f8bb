#include "engine/primitives/shape.h"

#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"

namespace quern {

// BroadcastTo

std::vector<Shape> BroadcastTo::output_shapes(const Arrays& inputs) const {
  return {broadcast_shapes(inputs[0].shape(), shape)};
}

Arrays BroadcastTo::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                        const Arrays&) const {
  const Shape& from = primals[0].shape();
  const array& c = cotangents[0];
  const size_t added = c.ndim() - from.size();
  std::vector<int> repeated;
  for (size_t i = 0; i < c.ndim(); ++i) {
    if (i < added || from[i - added] != c.shape()[i]) repeated.push_back(int(i));
  }
  return {reshape(sum(c, repeated, true), from)};
}

Arrays BroadcastTo::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                        const Arrays&) const {
  return {broadcast_to(tangents[0], shape)};
}

Batched BroadcastTo::vmap(const Arrays& inputs, const std::vector<int>& axes,
                          const Arrays& outputs) const {
  const Shape& inner = outputs[0].shape();
  array a = moveaxis(inputs[0], axes[0], 0);
  Shape aligned(1, a.shape(0));  // the batch, then ones up to the axes that the input has
  for (size_t i = a.ndim(); i < inner.size() + 1; ++i) aligned.push_back(1);
  aligned.insert(aligned.end(), a.shape().begin() + 1, a.shape().end());
  Shape to(1, a.shape(0));
  to.insert(to.end(), inner.begin(), inner.end());
  return {{broadcast_to(reshape(a, std::move(aligned)), to)}, {0}};
}

// Copy, StopGradient

std::vector<Shape> Copy::output_shapes(const Arrays& inputs) const { return {inputs[0].shape()}; }

Arrays Copy::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  return cotangents;
}

Arrays Copy::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                 const Arrays&) const {
  return tangents;
}

Batched Copy::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  return {{copy(inputs[0])}, axes};
}

std::vector<Shape> StopGradient::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays StopGradient::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                         const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays StopGradient::jvp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                         const Arrays&) const {
  return zeros_of(primals, argnums);
}

Batched StopGradient::vmap(const Arrays& inputs, const std::vector<int>& axes,
                           const Arrays&) const {
  return {{stop_gradient(inputs[0])}, axes};
}

}  // namespace quern
