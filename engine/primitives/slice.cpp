#include "engine/primitives/slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"
#include "engine/ops/update.h"
#include "engine/primitives/axes.h"
#include "engine/primitives/batch.h"

namespace quern {

SliceRange resolve_slice(const Shape& shape, const Shape& start, const Shape& stop,
                         const Shape& strides, const char* where) {
  const size_t ndim = shape.size();
  if (start.size() != ndim || stop.size() != ndim || strides.size() != ndim) {
    throw std::invalid_argument(
        fmt::format("[{}] needs {} starts, stops and strides for shape {}, got {}, {} and {}",
                    where, ndim, to_string(shape), start.size(), stop.size(), strides.size()));
  }
  SliceRange r{Shape(ndim), strides, Shape(ndim)};
  for (size_t i = 0; i < ndim; ++i) {
    const int64_t n = shape[i], step = strides[i];
    if (step == 0) {
      throw std::invalid_argument(fmt::format("[{}] the stride of axis {} is 0", where, i));
    }
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    const auto place = [&](int64_t x) { return std::clamp(x < 0 ? x + n : x, low, high); };
    const int64_t first = place(start[i]), last = place(stop[i]);
    const int64_t span = step > 0 ? last - first : first - last;
    const int64_t width = step > 0 ? step : -step;
    r.start[i] = ShapeElem(first);
    r.shape[i] = span > 0 ? ShapeElem((span + width - 1) / width) : 0;
  }
  return r;
}

Shape resolve_sizes(const Shape& sizes, const Shape& shape) {
  Shape resolved = sizes;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) resolved[i] = shape[i];
  }
  return resolved;
}

Shape open_sizes(Shape sizes, const Shape& shape, const std::vector<int>& started) {
  if (!Trace::any_shape()) return sizes;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const bool starts_at_0 = std::find(started.begin(), started.end(), int(i)) == started.end();
    if (starts_at_0 && sizes[i] == shape[i]) sizes[i] = -1;
  }
  return sizes;
}

void require_fit(const Shape& part, const Shape& whole, const char* where) {
  bool fits = part.size() == whole.size();
  for (size_t i = 0; fits && i < whole.size(); ++i) fits = part[i] >= 0 && part[i] <= whole[i];
  if (fits) return;
  throw std::invalid_argument(fmt::format("[{}] a slice of shape {} does not fit into shape {}",
                                          where, to_string(part), to_string(whole)));
}

// Slice

std::vector<Shape> Slice::output_shapes(const Arrays& inputs) const {
  return {resolve_slice(inputs[0].shape(), start, stop, strides, "slice").shape};
}

Arrays Slice::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                  const Arrays&) const {
  return {slice_update(zeros_like(primals[0]), cotangents[0], start, stop, strides)};
}

Arrays Slice::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                  const Arrays&) const {
  return {slice(tangents[0], start, stop, strides)};
}

Batched Slice::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const int at = axes[0];
  return {{slice(inputs[0], inserted(start, at, 0), inserted(stop, at, inputs[0].shape(at)),
                 inserted(strides, at, 1))},
          {at}};
}

// SliceUpdate

Part SliceUpdate::part() const {
  return {[this](const array& whole) { return slice(whole, start, stop, strides); },
          [this](const array& whole, const array& update, Combine how) {
            return update_slice(how, whole, update, start, stop, strides);
          },
          false};
}

std::vector<Shape> SliceUpdate::output_shapes(const Arrays& inputs) const {
  const char* where = slice_update_name(combine);
  const SliceRange r = resolve_slice(inputs[0].shape(), start, stop, strides, where);
  if (inputs[1].shape() != r.shape) {
    throw std::invalid_argument(fmt::format(
        "[{}] the update has shape {}, the slice of shape {} has {}", where,
        to_string(inputs[1].shape()), to_string(inputs[0].shape()), to_string(r.shape)));
  }
  return {inputs[0].shape()};
}

Arrays SliceUpdate::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays& outputs) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back((i == 0 ? combine_whole_vjp : combine_update_vjp)(
        combine, part(), primals[0], primals[1], outputs[0], cotangents[0]));
  }
  return gradients;
}

Arrays SliceUpdate::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays& outputs) const {
  const Arrays all = tangents_or_zeros(primals, tangents, argnums);
  return {combine_jvp(combine, part(), primals[0], primals[1], outputs[0], all[0], all[1])};
}

Batched SliceUpdate::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const auto [batched, at] = align_batch(inputs, axes);
  return {{update_slice(combine, batched[0], batched[1], inserted(start, at, 0),
                        inserted(stop, at, batched[0].shape(at)), inserted(strides, at, 1))},
          {at}};
}

// DynamicSlice

namespace {

/// One index array per axis from the starts of a batch of slices, of shape [batch, axes].
Arrays start_columns(const array& starts) {
  Arrays columns;
  for (int i = 0; i < starts.shape(1); ++i) {
    columns.push_back(squeeze(slice(starts, {0, i}, {starts.shape(0), i + 1}), 1));
  }
  return columns;
}

}  // namespace

std::vector<Shape> DynamicSlice::output_shapes(const Arrays& inputs) const {
  Shape sizes = resolve_sizes(slice_size, inputs[0].shape());
  require_fit(sizes, inputs[0].shape(), "slice");
  return {std::move(sizes)};
}

Arrays DynamicSlice::vjp(const Arrays& primals, const Arrays& cotangents,
                         const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    const array zeros = zeros_like(primals[size_t(i)]);
    gradients.push_back(i == 0 ? slice_update(zeros, cotangents[0], primals[1], axes) : zeros);
  }
  return gradients;
}

Arrays DynamicSlice::jvp(const Arrays& primals, const Arrays& tangents,
                         const std::vector<int>& argnums, const Arrays& outputs) const {
  if (argnums[0] != 0) return {zeros_like(outputs[0])};
  return {slice(tangents[0], primals[1], axes, resolve_sizes(slice_size, primals[0].shape()))};
}

Batched DynamicSlice::vmap(const Arrays& inputs, const std::vector<int>& batch,
                           const Arrays& outputs) const {
  const array& a = inputs[0];
  const Shape sizes = outputs[0].shape();
  if (batch[1] == -1) {
    return {{slice(a, inputs[1], shifted(axes, batch[0]),
                   inserted(sizes, batch[0], a.shape(batch[0])))},
            {batch[0]}};
  }
  // Slices that start at different places are gathered.
  Arrays indices = start_columns(moveaxis(inputs[1], batch[1], 0));
  if (batch[0] == -1) return {{gather(a, indices, axes, sizes)}, {0}};
  indices.push_back(arange(a.shape(batch[0])));
  std::vector<int> indexed = shifted(axes, batch[0]);
  indexed.push_back(batch[0]);
  return {{squeeze(gather(a, indices, indexed, inserted(sizes, batch[0], 1)), batch[0] + 1)}, {0}};
}

// DynamicSliceUpdate

Part DynamicSliceUpdate::part(const Arrays& inputs) const {
  const array start = inputs[2];
  const Shape sizes = inputs[1].shape();
  return {[this, start, sizes](const array& whole) { return slice(whole, start, axes, sizes); },
          [this, start](const array& whole, const array& update, Combine how) {
            return update_slice(how, whole, update, start, axes);
          },
          false};
}

std::vector<Shape> DynamicSliceUpdate::output_shapes(const Arrays& inputs) const {
  require_fit(inputs[1].shape(), inputs[0].shape(), slice_update_name(combine));
  return {inputs[0].shape()};
}

Arrays DynamicSliceUpdate::vjp(const Arrays& primals, const Arrays& cotangents,
                               const std::vector<int>& argnums, const Arrays& outputs) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(
        i == 2 ? zeros_like(primals[2])
               : (i == 0 ? combine_whole_vjp : combine_update_vjp)(
                     combine, part(primals), primals[0], primals[1], outputs[0], cotangents[0]));
  }
  return gradients;
}

Arrays DynamicSliceUpdate::jvp(const Arrays& primals, const Arrays& tangents,
                               const std::vector<int>& argnums, const Arrays& outputs) const {
  const Arrays all = tangents_or_zeros(primals, tangents, argnums);
  return {combine_jvp(combine, part(primals), primals[0], primals[1], outputs[0], all[0], all[1])};
}

Batched DynamicSliceUpdate::vmap(const Arrays& inputs, const std::vector<int>& batch,
                                 const Arrays&) const {
  if (batch[2] == -1) {
    const auto [both, at] = align_batch({inputs[0], inputs[1]}, {batch[0], batch[1]});
    return {{update_slice(combine, both[0], both[1], inputs[2], shifted(axes, at))}, {at}};
  }
  // Slices that start at different places are scattered.
  const Arrays batched = broadcast_batch_first(inputs, batch);
  Arrays indices = start_columns(batched[2]);
  indices.push_back(arange(batched[0].shape(0)));
  std::vector<int> indexed = shifted(axes, 0);
  indexed.push_back(0);
  return {{update_gathered(combine, batched[0], indices, expand_dims(batched[1], 1), indexed)},
          {0}};
}

}  // namespace quern
