#include "engine/primitives/reduce.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/reduce_axes.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/batch.h"

namespace quern {

std::vector<Shape> Reduction::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  for (const int axis : axes) shape[size_t(axis)] = 1;
  return {std::move(shape)};
}

Batched Reduction::vmap(const Arrays& inputs, const std::vector<int>& batch,
                        const Arrays& outputs) const {
  std::vector<int> shifted = axes;
  for (int& axis : shifted) axis += axis >= batch[0];
  Shape shape = outputs[0].shape();
  shape.insert(shape.begin() + batch[0], inputs[0].shape(batch[0]));
  return {{array(std::move(shape), outputs[0].dtype(), over(std::move(shifted)), inputs)}, batch};
}

// Sum

Arrays Sum::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                const Arrays&) const {
  const array& x = primals[0];
  return {broadcast_to(astype(cotangents[0], x.dtype()), x.shape())};
}

Arrays Sum::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                const Arrays& outputs) const {
  return {array(outputs[0].shape(), outputs[0].dtype(), shared_from_this(), tangents)};
}

// Prod: without divisions, so that zeros are no different.

namespace {

/// For each element the product of the others that it is multiplied with.
array products_of_others(const array& x, const std::vector<int>& axes) {
  const LastAxis last(x, axes, {});
  const array before = cumprod(last.merged, -1, false, false);
  const array after = cumprod(last.merged, -1, true, false);
  return last.restore(multiply(before, after));
}

}  // namespace

Arrays Prod::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  const array& x = primals[0];
  const array others = conjugate(products_of_others(x, axes));
  return {astype(multiply(cotangents[0], others), x.dtype())};
}

Arrays Prod::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                 const Arrays& outputs) const {
  const array changes = multiply(tangents[0], products_of_others(primals[0], axes));
  return {astype(sum(changes, axes, true), outputs[0].dtype())};
}

// SquaredDeviations: the mean's own change has no part in the derivative, for the deviations from
// it add up to 0.

namespace {

/// How fast each element changes the sum, in `dtype`.
array deviation_slopes(const array& x, const std::vector<int>& axes, Dtype dtype) {
  const array wide = astype(x, dtype);
  return multiply(subtract(wide, mean(wide, axes, true)), array(2, dtype));
}

}  // namespace

Arrays SquaredDeviations::vjp(const Arrays& primals, const Arrays& cotangents,
                              const std::vector<int>&, const Arrays& outputs) const {
  const array slopes = deviation_slopes(primals[0], axes, outputs[0].dtype());
  return {astype(multiply(cotangents[0], slopes), primals[0].dtype())};
}

Arrays SquaredDeviations::jvp(const Arrays& primals, const Arrays& tangents,
                              const std::vector<int>&, const Arrays& outputs) const {
  const array slopes = deviation_slopes(primals[0], axes, outputs[0].dtype());
  return {sum(multiply(tangents[0], slopes), axes, true)};
}

// Max, Min

namespace {

/// x's dtype: 1 / n at each of the n elements that are the extremum y, 0 elsewhere.
array shares(const array& x, const array& y, const std::vector<int>& axes) {
  const array chosen = equal(x, y);
  const array share = astype(reciprocal(sum(chosen, axes, true)), x.dtype());
  return where(chosen, share, array(0, x.dtype()));
}

}  // namespace

Arrays Extremum::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                     const Arrays& outputs) const {
  return {multiply(cotangents[0], shares(primals[0], outputs[0], axes))};
}

Arrays Extremum::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                     const Arrays& outputs) const {
  const array changes = multiply(tangents[0], shares(primals[0], outputs[0], axes));
  return {astype(sum(changes, axes, true), outputs[0].dtype())};
}

// All, Any, ArgMax, ArgMin

Arrays StepwiseReduction::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                              const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays StepwiseReduction::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                              const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

// LogSumExp, Softmax: the last axis must stay the last.

Arrays LogSumExp::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                      const Arrays&) const {
  return {multiply(cotangents[0], softmax(primals[0], -1))};
}

Arrays LogSumExp::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                      const Arrays&) const {
  return {sum(multiply(tangents[0], softmax(primals[0], -1)), -1, true)};
}

Batched LogSumExp::vmap(const Arrays& inputs, const std::vector<int>& batch,
                        const Arrays& outputs) const {
  return Reduction::vmap(batch_first(inputs, batch), {0}, outputs);
}

std::vector<Shape> Softmax::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays Softmax::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                    const Arrays& outputs) const {
  const array& y = outputs[0];
  const array weighted = multiply(cotangents[0], y);
  return {subtract(weighted, multiply(y, sum(weighted, -1, true)))};
}

Arrays Softmax::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                    const Arrays& outputs) const {
  return vjp(primals, tangents, argnums, outputs);  // it is its own transpose
}

Batched Softmax::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  return {{softmax(batch_first(inputs, batch)[0], -1)}, {0}};
}

}  // namespace quern
