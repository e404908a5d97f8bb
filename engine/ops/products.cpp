#include "engine/ops/products.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern {

namespace {

/// One side of a contraction: which axes stay, which are summed over.
struct Side {
  std::vector<int> kept, summed;
  Shape shape;  ///< of the kept ones
};

Side split_axes(const array& a, const std::vector<int>& axes) {
  Side side;
  std::vector<bool> is_summed(a.ndim(), false);
  for (const int axis : axes) {
    const int i = normalize_axis(axis, int(a.ndim()), "tensordot");
    if (is_summed[size_t(i)]) {
      throw std::invalid_argument(fmt::format("[tensordot] axis {} is given twice", axis));
    }
    is_summed[size_t(i)] = true;
    side.summed.push_back(i);
  }
  for (int i = 0; i < int(a.ndim()); ++i) {
    if (is_summed[size_t(i)]) continue;
    side.kept.push_back(i);
    side.shape.push_back(a.shape(i));
  }
  return side;
}

/// Its length as one axis.
ShapeElem merged(const Shape& shape, const char* where) {
  const size_t n = element_count(shape);
  if (n > size_t(std::numeric_limits<ShapeElem>::max())) {
    throw std::overflow_error(
        fmt::format("[{}] the {} elements of {} do not fit one axis", where, n, to_string(shape)));
  }
  return ShapeElem(n);
}

array as_matrix(const array& a, std::vector<int> order, const std::vector<int>& then,
                ShapeElem rows, ShapeElem columns, StreamOrDevice s) {
  order.insert(order.end(), then.begin(), then.end());
  return reshape(transpose(a, std::move(order), s), {rows, columns}, s);
}

}  // namespace

array tensordot(const array& a, const array& b, const std::vector<int>& axes_a,
                const std::vector<int>& axes_b, StreamOrDevice s) {
  if (axes_a.size() != axes_b.size()) {
    throw std::invalid_argument(
        fmt::format("[tensordot] {} axes of a against {} of b", axes_a.size(), axes_b.size()));
  }
  if (!issubdtype(result_type(a, b), inexact)) {
    throw std::invalid_argument(
        fmt::format("[tensordot] needs a float or complex dtype, not {} and {}",
                    dtype_name(a.dtype()), dtype_name(b.dtype())));
  }
  const Side left = split_axes(a, axes_a), right = split_axes(b, axes_b);
  Shape summed;
  for (size_t i = 0; i < left.summed.size(); ++i) {
    const ShapeElem n = a.shape(left.summed[i]), m = b.shape(right.summed[i]);
    if (n != m) {
      throw std::invalid_argument(
          fmt::format("[tensordot] axis {} of {} and axis {} of {} differ: {} and {}", axes_a[i],
                      to_string(a.shape()), axes_b[i], to_string(b.shape()), n, m));
    }
    summed.push_back(n);
  }
  const ShapeElem rows = merged(left.shape, "tensordot"), depth = merged(summed, "tensordot"),
                  columns = merged(right.shape, "tensordot");
  Shape out = left.shape;
  out.insert(out.end(), right.shape.begin(), right.shape.end());
  return reshape(matmul(as_matrix(a, left.kept, left.summed, rows, depth, s),
                        as_matrix(b, right.summed, right.kept, depth, columns, s), s),
                 std::move(out), s);
}

array tensordot(const array& a, const array& b, const int axis, StreamOrDevice s) {
  if (axis < 0 || size_t(axis) > std::min(a.ndim(), b.ndim())) {
    throw std::invalid_argument(fmt::format("[tensordot] {} axes of shapes {} and {}", axis,
                                            to_string(a.shape()), to_string(b.shape())));
  }
  std::vector<int> of_a(static_cast<size_t>(axis)), of_b(static_cast<size_t>(axis));
  std::iota(of_a.begin(), of_a.end(), int(a.ndim()) - axis);
  std::iota(of_b.begin(), of_b.end(), 0);
  return tensordot(a, b, of_a, of_b, s);
}

array outer(const array& a, const array& b, StreamOrDevice s) {
  const ShapeElem n = merged(a.shape(), "outer"), m = merged(b.shape(), "outer");
  return multiply(reshape(a, {n, 1}, s), reshape(b, {1, m}, s), s);
}

array inner(const array& a, const array& b, StreamOrDevice s) {
  if (a.ndim() == 0 || b.ndim() == 0) return multiply(a, b, s);
  if (a.shape(-1) != b.shape(-1)) {
    throw std::invalid_argument(fmt::format("[inner] the last axes of {} and {} differ: {} and {}",
                                            to_string(a.shape()), to_string(b.shape()), a.shape(-1),
                                            b.shape(-1)));
  }
  return tensordot(a, b, {-1}, {-1}, s);
}

array vecdot(const array& a, const array& b, int axis, StreamOrDevice s) {
  const int at_a = normalize_axis(axis, int(a.ndim()), "vecdot");
  const int at_b = normalize_axis(axis, int(b.ndim()), "vecdot");
  if (a.shape(at_a) != b.shape(at_b)) {
    throw std::invalid_argument(fmt::format("[vecdot] axis {} of {} and {} differs: {} and {}",
                                            axis, to_string(a.shape()), to_string(b.shape()),
                                            a.shape(at_a), b.shape(at_b)));
  }
  if (!issubdtype(result_type(a, b), inexact)) {
    const array x = moveaxis(a, at_a, -1, s), y = moveaxis(b, at_b, -1, s);
    return sum(multiply(conjugate(x, s), y, s), -1, false, s);
  }
  const array row = expand_dims(moveaxis(conjugate(a, s), at_a, -1, s), -2, s);
  const array column = expand_dims(moveaxis(b, at_b, -1, s), -1, s);
  return squeeze(matmul(row, column, s), {-2, -1}, s);
}

array kron(const array& a, const array& b, StreamOrDevice s) {
  const size_t ndim = std::max(a.ndim(), b.ndim());
  Shape of_a, of_b, out;  // every axis of the result as one of a and one of b
  for (size_t i = 0; i < ndim; ++i) {
    const auto length = [&](const array& x) {
      return i + x.ndim() < ndim ? 1 : x.shape()[i + x.ndim() - ndim];
    };
    of_a.push_back(length(a));
    of_a.push_back(1);
    of_b.push_back(1);
    of_b.push_back(length(b));
    out.push_back(merged({length(a), length(b)}, "kron"));
  }
  return reshape(multiply(reshape(a, std::move(of_a), s), reshape(b, std::move(of_b), s), s),
                 std::move(out), s);
}

}  // namespace quern
