#include "engine/primitives/reshape.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

template <typename P, typename... Args>
array reshaped(const array& a, StreamOrDevice s, Args&&... args) {
  auto primitive = make_pooled<P>(to_stream(s), std::forward<Args>(args)...);
  Shape shape = std::move(primitive->output_shapes({a})[0]);
  return array(std::move(shape), a.dtype(), std::move(primitive), {a});
}

/// The axes, not negative and ascending. Throws when one repeats.
std::vector<int> sorted_axes(std::vector<int> axes, int ndim, const char* where) {
  for (int& axis : axes) axis = normalize_axis(axis, ndim, where);
  std::sort(axes.begin(), axes.end());
  const auto twice = std::adjacent_find(axes.begin(), axes.end());
  if (twice != axes.end()) {
    throw std::invalid_argument(fmt::format("[{}] axis {} is given twice", where, *twice));
  }
  return axes;
}

}  // namespace

array reshape(const array& a, Shape shape, StreamOrDevice s) {
  if (a.shape() == shape) return a;
  const Shape to = infer_length(shape, a.size(), "reshape");
  if (Trace::any_shape()) return reshaped<Reshape>(a, s, std::move(shape));
  return to == a.shape() ? a : reshaped<Reshape>(a, s, to);
}

array unflatten(const array& a, int axis, Shape shape, StreamOrDevice s) {
  if (shape.empty()) throw std::invalid_argument("[unflatten] the new shape has no axes");
  const int at = normalize_axis(axis, int(a.ndim()), "unflatten");
  if (!Trace::any_shape()) shape = infer_length(std::move(shape), size_t(a.shape(at)), "unflatten");
  return reshaped<Unflatten>(a, s, at, std::move(shape));
}

array flatten(const array& a, int start_axis, int end_axis, StreamOrDevice s) {
  if (a.ndim() == 0) return expand_dims(a, 0, s);
  const int ndim = int(a.ndim());
  const int first = std::max(0, start_axis < 0 ? start_axis + ndim : start_axis);
  const int last = std::min(ndim - 1, end_axis < 0 ? end_axis + ndim : end_axis);
  if (first > last || first >= ndim) {
    throw std::invalid_argument(fmt::format("[flatten] axes {} to {} are no range of shape {}",
                                            start_axis, end_axis, to_string(a.shape())));
  }
  return first == last ? a : reshaped<Flatten>(a, s, first, last);
}

array flatten(const array& a, StreamOrDevice s) { return flatten(a, 0, -1, s); }

array squeeze(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  std::vector<int> sorted = sorted_axes(axes, int(a.ndim()), "squeeze");
  return sorted.empty() ? a : reshaped<Squeeze>(a, s, std::move(sorted));
}

array squeeze(const array& a, int axis, StreamOrDevice s) {
  return squeeze(a, std::vector<int>{axis}, s);
}

array squeeze(const array& a, StreamOrDevice s) {
  std::vector<int> axes;
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (a.shape()[i] == 1) axes.push_back(int(i));
  }
  return squeeze(a, axes, s);
}

array expand_dims(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  std::vector<int> sorted = sorted_axes(axes, int(a.ndim() + axes.size()), "expand_dims");
  return sorted.empty() ? a : reshaped<ExpandDims>(a, s, std::move(sorted));
}

array expand_dims(const array& a, int axis, StreamOrDevice s) {
  return expand_dims(a, std::vector<int>{axis}, s);
}

}  // namespace quern
