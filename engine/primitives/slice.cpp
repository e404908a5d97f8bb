#include "engine/primitives/slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
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

namespace {

/// `values` with one more in front of number `axis`.
Shape inserted(Shape values, int axis, ShapeElem value) {
  values.insert(values.begin() + axis, value);
  return values;
}

}  // namespace

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

std::vector<Shape> SliceUpdate::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays SliceUpdate::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(
        i == 0 ? slice_update(cotangents[0], zeros_like(primals[1]), start, stop, strides)
               : slice(cotangents[0], start, stop, strides));
  }
  return gradients;
}

Arrays SliceUpdate::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  Arrays moved{zeros_like(primals[0]), zeros_like(primals[1])};
  for (size_t i = 0; i < argnums.size(); ++i) moved[size_t(argnums[i])] = tangents[i];
  return {slice_update(moved[0], moved[1], start, stop, strides)};
}

Batched SliceUpdate::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const auto [batched, at] = align_batch(inputs, axes);
  return {{slice_update(batched[0], batched[1], inserted(start, at, 0),
                        inserted(stop, at, batched[0].shape(at)), inserted(strides, at, 1))},
          {at}};
}

}  // namespace quern
