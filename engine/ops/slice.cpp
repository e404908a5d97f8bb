#include "engine/primitives/slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/ops/update.h"
#include "engine/primitives/axes.h"

namespace quern {

namespace {

/// In a record for any shape, a slice that reaches an axis's end does so whatever its length is.
Shape open_stops(Shape stop, const Shape& strides, const Shape& shape) {
  if (!Trace::any_shape()) return stop;
  for (size_t i = 0; i < stop.size(); ++i) {
    if (strides[i] > 0 && stop[i] == shape[i]) stop[i] = INT32_MAX;
  }
  return stop;
}

/// broadcast_to(a, like.shape()), which stays so for arrays of other shapes.
array broadcast_like(const array& a, const array& like, StreamOrDevice s) {
  return Trace::any_shape() ? broadcast_arrays({a, like}, s)[0] : broadcast_to(a, like.shape(), s);
}

std::vector<int> checked_axes(const array& a, const array& start, std::vector<int> axes,
                              const char* where) {
  if (start.ndim() > 1 || start.size() != axes.size() || !issubdtype(start.dtype(), integer)) {
    throw std::invalid_argument(
        fmt::format("[{}] {} axes need as many integers to start at, got {} of shape {}", where,
                    axes.size(), dtype_name(start.dtype()), to_string(start.shape())));
  }
  for (int& axis : axes) axis = normalize_axis(axis, int(a.ndim()), where);
  if (std::set<int>(axes.begin(), axes.end()).size() != axes.size()) {
    throw std::invalid_argument(fmt::format("[{}] an axis is given twice", where));
  }
  return axes;
}

}  // namespace

array slice(const array& a, Shape start, Shape stop, Shape strides, StreamOrDevice s) {
  SliceRange r = resolve_slice(a.shape(), start, stop, strides, "slice");
  const bool steps_by_1 = std::all_of(strides.begin(), strides.end(), [](int x) { return x == 1; });
  if (r.shape == a.shape() && steps_by_1) return a;
  stop = open_stops(std::move(stop), strides, a.shape());
  return array(
      std::move(r.shape), a.dtype(),
      make_pooled<Slice>(to_stream(s), std::move(start), std::move(stop), std::move(strides)), {a});
}

array slice(const array& a, std::initializer_list<int> start, Shape stop, Shape strides,
            StreamOrDevice s) {
  return slice(a, Shape(start), std::move(stop), std::move(strides), s);
}

array slice(const array& a, Shape start, Shape stop, StreamOrDevice s) {
  return slice(a, std::move(start), std::move(stop), Shape(a.ndim(), 1), s);
}

array slice(const array& a, const array& start, std::vector<int> axes, Shape slice_size,
            StreamOrDevice s) {
  axes = checked_axes(a, start, std::move(axes), "slice");
  require_fit(slice_size, a.shape(), "slice");
  Shape sizes = open_sizes(slice_size, a.shape(), axes);
  return array(std::move(slice_size), a.dtype(),
               make_pooled<DynamicSlice>(to_stream(s), std::move(axes), std::move(sizes)),
               {a, start});
}

array update_slice(Combine combine, const array& src, const array& update, Shape start, Shape stop,
                   Shape strides, StreamOrDevice s) {
  const char* where = slice_update_name(combine);
  const SliceRange r = resolve_slice(src.shape(), start, stop, strides, where);
  if (!broadcasts_to(update.shape(), r.shape)) {
    throw std::invalid_argument(
        fmt::format("[{}] an update of shape {} does not broadcast to the slice's shape {}", where,
                    to_string(update.shape()), to_string(r.shape)));
  }
  if (element_count(r.shape) == 0) return src;
  array value = astype(update, src.dtype(), s);
  if (value.shape() != r.shape) {
    value = broadcast_like(value, slice(src, start, stop, strides, s), s);
  }
  stop = open_stops(std::move(stop), strides, src.shape());
  return array(src.shape(), src.dtype(),
               make_pooled<SliceUpdate>(to_stream(s), combine, std::move(start), std::move(stop),
                                        std::move(strides)),
               {src, value});
}

array update_slice(Combine combine, const array& src, const array& update, const array& start,
                   std::vector<int> axes, StreamOrDevice s) {
  const char* where = slice_update_name(combine);
  axes = checked_axes(src, start, std::move(axes), where);
  // Missing leading axes are of length 1; the axes that do not start anywhere are covered whole.
  Shape part = broadcast_shapes(update.shape(), Shape(src.ndim(), 1));
  for (size_t i = 0; i < part.size() && part.size() == src.ndim(); ++i) {
    if (part[i] == 1 && std::find(axes.begin(), axes.end(), int(i)) == axes.end())
      part[i] = src.shape()[i];
  }
  require_fit(part, src.shape(), where);
  array value = astype(update, src.dtype(), s);
  if (value.shape() != part) value = broadcast_like(value, slice(src, start, axes, part, s), s);
  return array(src.shape(), src.dtype(),
               make_pooled<DynamicSliceUpdate>(to_stream(s), combine, std::move(axes)),
               {src, value, start});
}

const char* slice_update_name(Combine combine) {
  switch (combine) {
    case Combine::replace:
      return "slice_update";
    case Combine::add:
      return "slice_update_add";
    case Combine::multiply:
      return "slice_update_prod";
    case Combine::maximum:
      return "slice_update_max";
    case Combine::minimum:
      return "slice_update_min";
  }
  throw std::invalid_argument(
      fmt::format("[slice_update] there is no way {} of combining", int(combine)));
}

}  // namespace quern
