#include "engine/ops/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/primitives/shape.h"

namespace quern {

namespace {

template <typename P, typename... Args>
array unary_node(Shape shape, const array& a, StreamOrDevice s, Args&&... args) {
  return array(std::move(shape), a.dtype(),
               std::make_shared<P>(to_stream(s), std::forward<Args>(args)...), {a});
}

/// Where each axis in `axes` is; throws when one repeats.
std::vector<bool> axis_set(const std::vector<int>& axes, int ndim, const char* where) {
  std::vector<bool> in(size_t(ndim), false);
  for (const int axis : axes) {
    const auto i = size_t(normalize_axis(axis, ndim, where));
    if (in[i]) throw std::invalid_argument(fmt::format("[{}] axis {} is given twice", where, axis));
    in[i] = true;
  }
  return in;
}

}  // namespace

array reshape(const array& a, Shape shape, StreamOrDevice s) {
  if (a.shape() == shape) return a;
  shape = infer_length(std::move(shape), a.size(), "reshape");
  if (a.shape() == shape) return a;
  Shape out = shape;
  return unary_node<Reshape>(std::move(out), a, s, std::move(shape));
}

array unflatten(const array& a, int axis, Shape shape, StreamOrDevice s) {
  if (shape.empty()) throw std::invalid_argument("[unflatten] the new shape has no axes");
  const auto at = size_t(normalize_axis(axis, int(a.ndim()), "unflatten"));
  shape = infer_length(std::move(shape), size_t(a.shape()[at]), "unflatten");
  Shape out = a.shape();
  out.erase(out.begin() + at);
  out.insert(out.begin() + at, shape.begin(), shape.end());
  return reshape(a, std::move(out), s);
}

array flatten(const array& a, int start_axis, int end_axis, StreamOrDevice s) {
  if (a.ndim() == 0) return reshape(a, {1}, s);
  const int ndim = int(a.ndim());
  const int first = std::max(0, start_axis < 0 ? start_axis + ndim : start_axis);
  const int last = std::min(ndim - 1, end_axis < 0 ? end_axis + ndim : end_axis);
  if (first > last || first >= ndim) {
    throw std::invalid_argument(fmt::format("[flatten] axes {} to {} are no range of shape {}",
                                            start_axis, end_axis, to_string(a.shape())));
  }
  Shape out(a.shape().begin(), a.shape().begin() + first);
  int64_t merged = 1;
  for (int i = first; i <= last; ++i) merged *= a.shape()[size_t(i)];
  if (merged > INT32_MAX) {
    throw std::overflow_error(fmt::format("[flatten] {} elements do not fit one axis", merged));
  }
  out.push_back(ShapeElem(merged));
  out.insert(out.end(), a.shape().begin() + last + 1, a.shape().end());
  return reshape(a, std::move(out), s);
}

array flatten(const array& a, StreamOrDevice s) { return flatten(a, 0, -1, s); }

array squeeze(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  const std::vector<bool> drop = axis_set(axes, int(a.ndim()), "squeeze");
  Shape out;
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (!drop[i]) {
      out.push_back(a.shape()[i]);
    } else if (a.shape()[i] != 1) {
      throw std::invalid_argument(
          fmt::format("[squeeze] axis {} of shape {} is not 1", i, to_string(a.shape())));
    }
  }
  return reshape(a, std::move(out), s);
}

array squeeze(const array& a, int axis, StreamOrDevice s) {
  return squeeze(a, std::vector<int>{axis}, s);
}

array squeeze(const array& a, StreamOrDevice s) {
  Shape out;
  for (const ShapeElem n : a.shape()) {
    if (n != 1) out.push_back(n);
  }
  return reshape(a, std::move(out), s);
}

array expand_dims(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  const std::vector<bool> added = axis_set(axes, int(a.ndim() + axes.size()), "expand_dims");
  Shape out;
  size_t next = 0;
  for (const bool is_new : added) out.push_back(is_new ? 1 : a.shape()[next++]);
  return reshape(a, std::move(out), s);
}

array expand_dims(const array& a, int axis, StreamOrDevice s) {
  return expand_dims(a, std::vector<int>{axis}, s);
}

array transpose(const array& a, std::vector<int> axes, StreamOrDevice s) {
  if (axes.size() != a.ndim()) {
    throw std::invalid_argument(fmt::format(
        "[transpose] {} axes are given for an array with {} dimensions", axes.size(), a.ndim()));
  }
  axis_set(axes, int(a.ndim()), "transpose");
  Shape out;
  bool identity = true;
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i] = normalize_axis(axes[i], int(a.ndim()), "transpose");
    identity = identity && axes[i] == int(i);
    out.push_back(a.shape()[size_t(axes[i])]);
  }
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
  if (broadcast_shapes(a.shape(), shape) != shape) {
    throw std::invalid_argument(fmt::format("[broadcast_to] shape {} does not broadcast to {}",
                                            to_string(a.shape()), to_string(shape)));
  }
  return unary_node<BroadcastTo>(shape, a, s, shape);
}

std::vector<array> broadcast_arrays(const std::vector<array>& inputs, StreamOrDevice s) {
  Shape shape;
  for (const array& a : inputs) shape = broadcast_shapes(shape, a.shape());
  std::vector<array> out;
  for (const array& a : inputs) out.push_back(broadcast_to(a, shape, s));
  return out;
}

array as_strided(array a, Shape shape, Strides strides, size_t offset, StreamOrDevice s) {
  if (shape.size() != strides.size()) {
    throw std::invalid_argument(fmt::format("[as_strided] {} lengths but {} strides are given",
                                            shape.size(), strides.size()));
  }
  int64_t low = int64_t(offset), high = int64_t(offset);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t reach = strides[i] * std::max(0, shape[i] - 1);
    (reach < 0 ? low : high) += reach;
  }
  if (element_count(shape) != 0 && (low < 0 || high >= int64_t(a.size()))) {
    throw std::invalid_argument(
        fmt::format("[as_strided] elements {} to {} of an array with {} elements would be read",
                    low, high, a.size()));
  }
  const array flat = contiguous(a, false, s);
  Shape out = shape;
  return unary_node<AsStrided>(std::move(out), flat, s, std::move(shape), std::move(strides),
                               offset);
}

array view(const array& a, const Dtype& dtype, StreamOrDevice s) {
  if (a.dtype() == dtype) return a;
  Shape out = a.shape();
  if (a.itemsize() != dtype.size()) {
    if (a.ndim() == 0) {
      throw std::invalid_argument(fmt::format("[view] a scalar {} has no {} view",
                                              dtype_name(a.dtype()), dtype_name(dtype)));
    }
    const int64_t bytes = int64_t(out.back()) * int64_t(a.itemsize());
    if (bytes % dtype.size() != 0) {
      throw std::invalid_argument(fmt::format(
          "[view] a last axis of {} bytes does not divide into {}", bytes, dtype_name(dtype)));
    }
    out.back() = ShapeElem(bytes / dtype.size());
  }
  return array(std::move(out), dtype, std::make_shared<View>(to_stream(s), dtype), {a});
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
  return array::make_arrays(std::move(shapes), dtypes, std::make_shared<Depends>(to_stream({})),
                            std::move(all));
}

}  // namespace quern
