#include "engine/ops/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/primitives/axes.h"
#include "engine/primitives/shape.h"

namespace quern {

namespace {

template <typename P, typename... Args>
array unary_node(Shape shape, const array& a, StreamOrDevice s, Args&&... args) {
  return array(std::move(shape), a.dtype(),
               make_pooled<P>(to_stream(s), std::forward<Args>(args)...), {a});
}

}  // namespace

array transpose(const array& a, std::vector<int> axes, StreamOrDevice s) {
  if (axes.size() != a.ndim()) {
    throw std::invalid_argument(fmt::format(
        "[transpose] {} axes are given for an array with {} dimensions", axes.size(), a.ndim()));
  }
  for (int& axis : axes) axis = normalize_axis(axis, int(a.ndim()), "transpose");
  if (std::set<int>(axes.begin(), axes.end()).size() != axes.size()) {
    throw std::invalid_argument("[transpose] an axis is given twice");
  }
  Shape out;
  for (const int axis : axes) out.push_back(a.shape(axis));
  const bool identity = std::is_sorted(axes.begin(), axes.end());
  if (identity) return a;
  return unary_node<Transpose>(std::move(out), a, s, std::move(axes));
}

array transpose(const array& a, std::initializer_list<int> axes, StreamOrDevice s) {
  return transpose(a, std::vector<int>(axes), s);
}

array transpose(const array& a, StreamOrDevice s) {
  std::vector<int> axes(a.ndim());
  std::iota(axes.rbegin(), axes.rend(), 0);
  return transpose(a, std::move(axes), s);
}

array swapaxes(const array& a, int axis1, int axis2, StreamOrDevice s) {
  const int ndim = int(a.ndim());
  std::vector<int> axes(a.ndim());
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[size_t(normalize_axis(axis1, ndim, "swapaxes"))],
            axes[size_t(normalize_axis(axis2, ndim, "swapaxes"))]);
  return transpose(a, std::move(axes), s);
}

array moveaxis(const array& a, int source, int destination, StreamOrDevice s) {
  const int ndim = int(a.ndim());
  const int from = normalize_axis(source, ndim, "moveaxis");
  const int to = normalize_axis(destination, ndim, "moveaxis");
  std::vector<int> axes(a.ndim());
  std::iota(axes.begin(), axes.end(), 0);
  axes.erase(axes.begin() + from);
  axes.insert(axes.begin() + to, from);
  return transpose(a, std::move(axes), s);
}

array broadcast_to(const array& a, const Shape& shape, StreamOrDevice s) {
  if (a.shape() == shape) return a;
  if (!broadcasts_to(a.shape(), shape)) {
    throw std::invalid_argument(fmt::format("[broadcast_to] shape {} does not broadcast to {}",
                                            to_string(a.shape()), to_string(shape)));
  }
  Shape to = shape;
  if (Trace::any_shape()) {
    // Lengths that are the input's stay so for inputs of other shapes.
    const size_t added = to.size() - a.ndim();
    for (size_t i = 0; i < a.ndim(); ++i) {
      if (a.shape()[i] == to[added + i]) to[added + i] = -1;
    }
  }
  return unary_node<BroadcastTo>(shape, a, s, std::move(to));
}

namespace {

/// The array under the common shape of all, whatever that is for inputs of other shapes.
array broadcast_with(const array& a, const Shape& shape, const std::vector<array>& all,
                     StreamOrDevice s) {
  std::vector<array> inputs{a};
  for (const array& other : all) {
    if (other.ndim() > 0 && other.id() != a.id()) inputs.push_back(stop_gradient(other, s));
  }
  if (inputs.size() == 1) return broadcast_to(a, shape, s);
  return array(shape, a.dtype(), make_pooled<BroadcastTo>(to_stream(s), shape), std::move(inputs));
}

}  // namespace

std::vector<array> broadcast_arrays(const std::vector<array>& inputs, StreamOrDevice s) {
  Shape shape;
  for (const array& a : inputs) shape = broadcast_shapes(shape, a.shape());
  std::vector<array> out;
  for (const array& a : inputs) {
    out.push_back(Trace::any_shape() ? broadcast_with(a, shape, inputs, s)
                                     : broadcast_to(a, shape, s));
  }
  return out;
}

array as_strided(array a, Shape shape, Strides strides, size_t offset, StreamOrDevice s) {
  if (shape.size() != strides.size()) {
    throw std::invalid_argument(fmt::format("[as_strided] {} lengths but {} strides are given",
                                            shape.size(), strides.size()));
  }
  require_inside(shape, strides, offset, a.size());
  const array flat = contiguous(a, false, s);
  Shape out = shape;
  return unary_node<AsStrided>(std::move(out), flat, s, std::move(shape), std::move(strides),
                               offset);
}

array view(const array& a, const Dtype& dtype, StreamOrDevice s) {
  if (a.dtype() == dtype) return a;
  Shape out = viewed_shape(a, dtype);
  return array(std::move(out), dtype, make_pooled<View>(to_stream(s), dtype), {a});
}

array contiguous(const array& a, bool /*allow_col_major*/, StreamOrDevice s) {
  return unary_node<Contiguous>(a.shape(), a, s);
}

array copy(array a, StreamOrDevice s) { return unary_node<Copy>(a.shape(), a, s); }

array stop_gradient(const array& a, StreamOrDevice s) {
  return unary_node<StopGradient>(a.shape(), a, s);
}

std::vector<array> depends(const std::vector<array>& inputs,
                           const std::vector<array>& dependencies) {
  std::vector<array> all = inputs;
  all.insert(all.end(), dependencies.begin(), dependencies.end());
  std::vector<Shape> shapes;
  std::vector<Dtype> dtypes;
  for (const array& a : inputs) {
    shapes.push_back(a.shape());
    dtypes.push_back(a.dtype());
  }
  return array::make_arrays(std::move(shapes), dtypes,
                            make_pooled<Depends>(to_stream({}), inputs.size()), std::move(all));
}

}  // namespace quern
