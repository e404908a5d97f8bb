#include "engine/primitives/indexing.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"
#include "engine/ops/update.h"
#include "engine/primitives/axes.h"
#include "engine/primitives/batch.h"
#include "engine/primitives/slice.h"

namespace quern {

namespace {

/// The index arrays among the inputs: all but the first and, where there are updates, the last.
template <typename T>
std::vector<T> index_inputs(const std::vector<T>& inputs, size_t updates) {
  return {inputs.begin() + 1, inputs.end() - std::ptrdiff_t(updates)};
}

bool any_mapped(const std::vector<int>& axes) {
  for (const int axis : axes) {
    if (axis != -1) return true;
  }
  return false;
}

/// With the number of each element's place in the batch, their first axis, as one more index.
Arrays with_batch_index(Arrays indices) {
  const ShapeElem size = indices[0].shape(0);
  Shape shape(indices[0].ndim(), 1);
  shape[0] = size;
  indices.push_back(reshape(arange(size), std::move(shape)));
  return indices;
}

void require_equal_but(int axis, const array& a, const array& b, const char* where) {
  Shape same = b.shape();
  if (same.size() == a.ndim()) same[size_t(axis)] = a.shape(axis);
  if (same == a.shape()) return;
  throw std::invalid_argument(fmt::format("[{}] shapes {} and {} differ outside axis {}", where,
                                          to_string(a.shape()), to_string(b.shape()), axis));
}

}  // namespace

void require_slices(const array& a, const Arrays& indices, const array& updates,
                    const char* where) {
  const Shape index_shape = indices.empty() ? Shape{} : indices[0].shape();
  const size_t lead = index_shape.size();
  bool fits = updates.ndim() == lead + a.ndim();
  for (size_t i = 0; fits && i < updates.ndim(); ++i) {
    fits =
        i < lead ? updates.shape()[i] == index_shape[i] : updates.shape()[i] <= a.shape()[i - lead];
  }
  if (fits) return;
  throw std::invalid_argument(
      fmt::format("[{}] updates of shape {} are not slices of shape {} for indices of shape {}",
                  where, to_string(updates.shape()), to_string(a.shape()), to_string(index_shape)));
}

// Gather

std::vector<Shape> Gather::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs.size() > 1 ? inputs[1].shape() : Shape{};
  const Shape sizes = resolve_sizes(slice_sizes, inputs[0].shape());
  require_fit(sizes, inputs[0].shape(), "gather");
  shape.insert(shape.end(), sizes.begin(), sizes.end());
  return {std::move(shape)};
}

Arrays Gather::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                   const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    const array zeros = zeros_like(primals[size_t(i)]);
    gradients.push_back(i == 0 ? scatter_add(zeros, index_inputs(primals, 0), cotangents[0], axes)
                               : zeros);
  }
  return gradients;
}

Arrays Gather::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                   const Arrays& outputs) const {
  if (argnums[0] != 0) return {zeros_like(outputs[0])};
  return {gather(tangents[0], index_inputs(primals, 0), axes,
                 resolve_sizes(slice_sizes, primals[0].shape()))};
}

Batched Gather::vmap(const Arrays& inputs, const std::vector<int>& batch,
                     const Arrays& outputs) const {
  const array& a = inputs[0];
  const Arrays indices = index_inputs(inputs, 0);
  const std::vector<int> index_axes = index_inputs(batch, 0);
  const Shape& out = outputs[0].shape();
  const Shape sizes(out.end() - std::ptrdiff_t(slice_sizes.size()), out.end());
  if (batch[0] == -1) {
    return {{gather(a, broadcast_batch_first(indices, index_axes), axes, sizes)}, {0}};
  }
  std::vector<int> indexed = shifted(axes, batch[0]);
  if (!any_mapped(index_axes)) {
    const int lead = int(out.size() - sizes.size());
    return {{gather(a, indices, indexed, inserted(sizes, batch[0], a.shape(batch[0])))},
            {lead + batch[0]}};
  }
  const Arrays batched = with_batch_index(broadcast_batch_first(indices, index_axes));
  indexed.push_back(batch[0]);
  const array gathered = gather(a, batched, indexed, inserted(sizes, batch[0], 1));
  return {{squeeze(gathered, int(batched[0].ndim()) + batch[0])}, {0}};
}

// GatherAxis

std::vector<Shape> GatherAxis::output_shapes(const Arrays& inputs) const {
  require_equal_but(axis, inputs[0], inputs[1], type_name);
  return {inputs[1].shape()};
}

Arrays GatherAxis::vjp(const Arrays& primals, const Arrays& cotangents,
                       const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    const array zeros = zeros_like(primals[size_t(i)]);
    gradients.push_back(i == 0 ? scatter_add_axis(zeros, primals[1], cotangents[0], axis) : zeros);
  }
  return gradients;
}

Arrays GatherAxis::jvp(const Arrays& primals, const Arrays& tangents,
                       const std::vector<int>& argnums, const Arrays& outputs) const {
  if (argnums[0] != 0) return {zeros_like(outputs[0])};
  return {take_along_axis(tangents[0], primals[1], axis)};
}

Batched GatherAxis::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const auto [batched, at] = align_batch(inputs, axes);
  return {{take_along_axis(batched[0], batched[1], axis + (axis >= at ? 1 : 0))}, {at}};
}

// Scatter

Part Scatter::part(const Arrays& inputs) const {
  const Arrays indices = index_inputs(inputs, 1);
  const size_t lead = indices.empty() ? 0 : indices[0].ndim();
  const Shape& updates = inputs.back().shape();
  const Shape sizes(updates.begin() + lead, updates.end());
  return {[=, this](const array& whole) { return gather(whole, indices, axes, sizes); },
          [=, this](const array& whole, const array& update, Combine how) {
            return update_gathered(how, whole, indices, update, axes);
          },
          true};
}

std::vector<Shape> Scatter::output_shapes(const Arrays& inputs) const {
  require_slices(inputs[0], index_inputs(inputs, 1), inputs.back(), scatter_name(combine));
  return {inputs[0].shape()};
}

Arrays Scatter::vjp(const Arrays& primals, const Arrays& cotangents,
                    const std::vector<int>& argnums, const Arrays& outputs) const {
  const Part part = this->part(primals);
  Arrays gradients;
  for (const int i : argnums) {
    if (i != 0 && i + 1 != int(primals.size())) {
      gradients.push_back(zeros_like(primals[size_t(i)]));
      continue;
    }
    gradients.push_back((i == 0 ? combine_whole_vjp : combine_update_vjp)(
        combine, part, primals[0], primals.back(), outputs[0], cotangents[0]));
  }
  return gradients;
}

Arrays Scatter::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                    const Arrays& outputs) const {
  const Arrays all = tangents_or_zeros(primals, tangents, argnums);
  return {combine_jvp(combine, part(primals), primals[0], primals.back(), outputs[0], all[0],
                      all.back())};
}

Batched Scatter::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  const Arrays batched = broadcast_batch_first(inputs, batch);
  std::vector<int> indexed = shifted(axes, 0);
  if (!any_mapped(index_inputs(batch, 1))) {
    // The batch is one more axis of the slices.
    const Arrays indices = index_inputs(inputs, 1);
    const int lead = indices.empty() ? 0 : int(indices[0].ndim());
    const array updates = moveaxis(batched.back(), 0, lead);
    return {{update_gathered(combine, batched[0], indices, updates, indexed)}, {0}};
  }
  const Arrays indices = with_batch_index(index_inputs(batched, 1));
  const array updates = expand_dims(batched.back(), int(indices[0].ndim()));
  indexed.push_back(0);
  return {{update_gathered(combine, batched[0], indices, updates, indexed)}, {0}};
}

// ScatterAxis

Part ScatterAxis::part(const Arrays& inputs) const {
  const array indices = inputs[1];
  return {[=, this](const array& whole) { return take_along_axis(whole, indices, axis); },
          [=, this](const array& whole, const array& update, Combine how) {
            return update_along_axis(how, whole, indices, update, axis);
          },
          true};
}

std::vector<Shape> ScatterAxis::output_shapes(const Arrays& inputs) const {
  require_equal_but(axis, inputs[0], inputs[1], type_name);
  require_equal_but(axis, inputs[0], inputs[2], type_name);
  return {inputs[0].shape()};
}

Arrays ScatterAxis::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays& outputs) const {
  const Part part = this->part(primals);
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(
        i == 1 ? zeros_like(primals[1])
               : (i == 0 ? combine_whole_vjp : combine_update_vjp)(
                     combine, part, primals[0], primals[2], outputs[0], cotangents[0]));
  }
  return gradients;
}

Arrays ScatterAxis::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays& outputs) const {
  const Arrays all = tangents_or_zeros(primals, tangents, argnums);
  return {combine_jvp(combine, part(primals), primals[0], primals[2], outputs[0], all[0], all[2])};
}

Batched ScatterAxis::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const auto [batched, at] = align_batch(inputs, axes);
  return {
      {update_along_axis(combine, batched[0], batched[1], batched[2], axis + (axis >= at ? 1 : 0))},
      {at}};
}

}  // namespace quern
