#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/linalg.h"
#include "engine/ops/reduce.h"
#include "engine/ops/reduce_axes.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::linalg {

namespace {

constexpr const char* where = "linalg::norm";

/// The array in the dtype that its norm is computed in.
array in_float(const array& a, StreamOrDevice s) { return astype(a, at_least_float(a.dtype()), s); }

array l2_norm(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  const array real = a.dtype() == complex64 ? abs(a, s) : in_float(a, s);
  return sqrt(sum(square(real, s), axes, keepdims, s), s);
}

array vector_norm(const array& a, double ord, const std::vector<int>& axes, bool keepdims,
                  StreamOrDevice s) {
  if (ord == 2) return l2_norm(a, axes, keepdims, s);
  const array size = abs(in_float(a, s), s);
  const Dtype dtype = size.dtype();
  if (ord == 0) {
    const array nonzero = not_equal(a, array(0, a.dtype()), s);
    return astype(sum(nonzero, axes, keepdims, s), dtype, s);
  }
  if (ord == 1) return sum(size, axes, keepdims, s);
  if (std::isinf(ord)) return ord > 0 ? max(size, axes, keepdims, s) : min(size, axes, keepdims, s);
  const array powers = power(size, array(ord, dtype), s);
  return power(sum(powers, axes, keepdims, s), array(1 / ord, dtype), s);
}

/// The singular values of the matrices that `axes` (rows, columns) span, as a last axis.
array singular_values(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  array matrices = in_float(a, s);
  std::vector<int> order;
  for (int axis = 0; axis < int(a.ndim()); ++axis) {
    if (axis != axes[0] && axis != axes[1]) order.push_back(axis);
  }
  order.insert(order.end(), axes.begin(), axes.end());
  return svd(transpose(matrices, order, s), false, s)[0];
}

/// A reduction of the singular values, with the axes kept if asked.
array reduced_values(array (*reduce)(const array&, int, bool, StreamOrDevice), const array& a,
                     const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  const array value = reduce(singular_values(a, axes, s), -1, false, s);
  if (!keepdims) return value;
  Shape shape = a.shape();
  for (const int axis : axes) shape[size_t(axis)] = 1;
  return reshape(value, std::move(shape), s);
}

array matrix_norm(const array& a, double ord, const std::vector<int>& axes, bool keepdims,
                  StreamOrDevice s) {
  if (ord == 2) return reduced_values(max, a, axes, keepdims, s);
  if (ord == -2) return reduced_values(min, a, axes, keepdims, s);
  const bool by_rows = std::isinf(ord);
  if (!by_rows && ord != 1 && ord != -1) {
    throw std::invalid_argument(fmt::format("[{}] matrices have no norm of order {}", where, ord));
  }
  const std::vector<int> summed{axes[by_rows ? 1 : 0]}, left{axes[by_rows ? 0 : 1]};
  const array sums = sum(abs(in_float(a, s), s), summed, true, s);
  const array value = ord > 0 ? max(sums, left, true, s) : min(sums, left, true, s);
  return keepdims ? value : squeeze(value, axes, s);
}

/// The axes that a norm with an order is over: all when none are given.
std::vector<int> norm_axes(const array& a, const std::optional<std::vector<int>>& given) {
  std::vector<int> axes = given ? *given : all_axes(a);
  for (int& axis : axes) axis = normalize_axis(axis, int(a.ndim()), where);
  if (axes.size() == 2 && axes[0] == axes[1]) {
    throw std::invalid_argument(fmt::format("[{}] axis {} is given twice", where, axes[0]));
  }
  return axes;
}

}  // namespace

array norm(const array& a, const double ord, const std::optional<std::vector<int>>& axis,
           bool keepdims, StreamOrDevice s) {
  const std::vector<int> axes = norm_axes(a, axis);
  if (axes.size() == 1) return vector_norm(a, ord, axes, keepdims, s);
  if (axes.size() == 2) return matrix_norm(a, ord, axes, keepdims, s);
  throw std::invalid_argument(fmt::format("[{}] the norm of order {} is over 1 or 2 axes, not {}",
                                          where, ord, axes.size()));
}

array norm(const array& a, const double ord, int axis, bool keepdims, StreamOrDevice s) {
  return norm(a, ord, std::vector<int>{axis}, keepdims, s);
}

array norm(const array& a, const std::string& ord, const std::optional<std::vector<int>>& axis,
           bool keepdims, StreamOrDevice s) {
  const std::vector<int> axes = norm_axes(a, axis);
  if (axes.size() != 2) {
    throw std::invalid_argument(
        fmt::format("[{}] the norm \"{}\" is over 2 axes, not {}", where, ord, axes.size()));
  }
  if (ord == "fro" || ord == "f") return l2_norm(a, axes, keepdims, s);
  if (ord == "nuc") return reduced_values(sum, a, axes, keepdims, s);
  throw std::invalid_argument(fmt::format("[{}] there is no norm \"{}\"", where, ord));
}

array norm(const array& a, const std::string& ord, int axis, bool keepdims, StreamOrDevice s) {
  return norm(a, ord, std::vector<int>{axis}, keepdims, s);
}

array norm(const array& a, const std::optional<std::vector<int>>& axis, bool keepdims,
           StreamOrDevice s) {
  if (!axis) return l2_norm(a, all_axes(a), keepdims, s);
  const std::vector<int> axes = norm_axes(a, axis);
  if (axes.size() > 2) {
    throw std::invalid_argument(
        fmt::format("[{}] is over at most 2 axes, not {}", where, axes.size()));
  }
  return l2_norm(a, axes, keepdims, s);
}

array norm(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return norm(a, std::vector<int>{axis}, keepdims, s);
}

array cross(const array& a, const array& b, int axis, StreamOrDevice s) {
  const Dtype dtype = result_type(a, b);
  const size_t ndim = std::max(a.ndim(), b.ndim());
  const int at = normalize_axis(axis, int(ndim), "linalg::cross");
  const auto elements = [&](const array& x) {
    Shape shape(ndim - x.ndim(), 1);
    shape.insert(shape.end(), x.shape().begin(), x.shape().end());
    const int length = shape[size_t(at)];
    if (length != 2 && length != 3) {
      throw std::invalid_argument(
          fmt::format("[linalg::cross] vectors have 2 or 3 elements, not {} along axis {} of {}",
                      length, axis, to_string(x.shape())));
    }
    return split(reshape(astype(x, dtype, s), std::move(shape), s), length, at, s);
  };
  const Arrays x = elements(a), y = elements(b);
  const auto difference = [&](size_t i, size_t j) {  // x_i y_j - x_j y_i, where absent ones are 0
    const bool first = i < x.size() && j < y.size(), second = j < x.size() && i < y.size();
    if (first && second) return subtract(multiply(x[i], y[j], s), multiply(x[j], y[i], s), s);
    if (first) return multiply(x[i], y[j], s);
    if (second) return negative(multiply(x[j], y[i], s), s);
    return zeros_like(multiply(x[0], y[0], s), s);
  };
  return concatenate({difference(1, 2), difference(2, 0), difference(0, 1)}, at, s);
}

}  // namespace quern::linalg
