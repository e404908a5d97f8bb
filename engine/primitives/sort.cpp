#include "engine/primitives/sort.h"

#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/primitives/batch.h"

namespace quern {

Batched AlongLastAxis::vmap(const Arrays& inputs, const std::vector<int>& axes,
                            const Arrays& outputs) const {
  const Arrays batched = batch_first(inputs, axes);
  return {{array(batched[0].shape(), outputs[0].dtype(), shared_from_this(), batched)}, {0}};
}

Arrays Sort::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  const array &x = primals[0], &c = cotangents[0];
  return {put_along_axis(zeros_like(c), argsort(x, -1), c, -1)};
}

Arrays Sort::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                 const Arrays&) const {
  return {take_along_axis(tangents[0], argsort(primals[0], -1), -1)};
}

namespace {

/// `a`, whose lines belong to those of `from`, in the order that makes `to` of `from`: which
/// element went where is known by their ranks.
array reordered(const array& a, const array& from, const array& to) {
  const array ranked = take_along_axis(a, argsort(from, -1), -1);
  return put_along_axis(zeros_like(a), argsort(to, -1), ranked, -1);
}

}  // namespace

Arrays Partition::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                      const Arrays& outputs) const {
  return {reordered(cotangents[0], outputs[0], primals[0])};
}

Arrays Partition::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                      const Arrays& outputs) const {
  return {reordered(tangents[0], primals[0], outputs[0])};
}

Arrays IndexOrdering::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                          const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays IndexOrdering::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                          const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

// SearchSorted

Arrays SearchSorted::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                         const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays SearchSorted::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                         const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

Batched SearchSorted::vmap(const Arrays& inputs, const std::vector<int>& axes,
                           const Arrays&) const {
  Arrays batched;
  int axis = 0;
  if (axes[0] == -1) {
    // More values for the same sequences: behind the batches that these have.
    axis = int(inputs[0].ndim()) - 1;
    batched = {inputs[0], moveaxis(inputs[1], axes[1], axis)};
  } else {
    batched = broadcast_batch_first(inputs, axes);
  }
  Shape shape = batched[1].shape();
  return {{array(std::move(shape), uint32, shared_from_this(), batched)}, {axis}};
}

}  // namespace quern
