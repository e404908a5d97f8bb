#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/reshape.h"

namespace quern {

namespace {

/// The rows (or columns) of `count` elements of a diagonal.
array places_from(int64_t first, int64_t count, StreamOrDevice s) {
  return arange(double(first), double(first + count), int32, s);
}

/// The array, but recorded for any shape it lets no other size pass: for what holds for this shape
/// alone.
array fixed(const array& a, StreamOrDevice s) {
  if (!Trace::any_shape()) return a;
  return array(a.shape(), a.dtype(), make_pooled<Reshape>(to_stream(s), a.shape()), {a});
}

}  // namespace

array diagonal(const array& a, int offset, int axis1, int axis2, StreamOrDevice s) {
  const int ndim = int(a.ndim());
  if (ndim < 2) {
    throw std::invalid_argument(
        fmt::format("[diagonal] shape {} has no two axes", to_string(a.shape())));
  }
  const int row_axis = normalize_axis(axis1, ndim, "diagonal");
  const int column_axis = normalize_axis(axis2, ndim, "diagonal");
  if (row_axis == column_axis) {
    throw std::invalid_argument(
        fmt::format("[diagonal] axes {} and {} are the same", axis1, axis2));
  }
  const int64_t down = std::max<int64_t>(0, -int64_t(offset)), right = std::max(0, offset);
  const int64_t count =
      std::max<int64_t>(0, std::min(a.shape(row_axis) - down, a.shape(column_axis) - right));
  Shape sizes = a.shape();
  for (const int axis : {row_axis, column_axis}) {
    sizes[size_t(axis)] = std::min(1, a.shape(axis));
  }
  const array source = fixed(a, s);
  if (count == 0) {
    Shape none;
    for (int i = 0; i < ndim; ++i) {
      if (i != row_axis && i != column_axis) none.push_back(a.shape(i));
    }
    none.push_back(0);
    return reshape(slice(flatten(source, s), {0}, {0}, s), std::move(none), s);
  }
  const array found = gather(source, {places_from(down, count, s), places_from(right, count, s)},
                             {row_axis, column_axis}, sizes, s);
  return moveaxis(squeeze(found, std::vector<int>{row_axis + 1, column_axis + 1}, s), 0, -1, s);
}

array diag(const array& a, int k, StreamOrDevice s) {
  if (a.ndim() == 2) return diagonal(a, k, 0, 1, s);
  if (a.ndim() != 1) {
    throw std::invalid_argument(
        fmt::format("[diag] needs 1 or 2 dimensions, not shape {}", to_string(a.shape())));
  }
  const int64_t n = int64_t(a.shape(0)) + std::abs(int64_t(k));
  if (n > INT32_MAX) {
    throw std::overflow_error(fmt::format("[diag] a matrix of {} by {} is too large", n, n));
  }
  const int64_t down = std::max<int64_t>(0, -int64_t(k)), right = std::max(0, k);
  const array matrix = zeros({ShapeElem(n), ShapeElem(n)}, a.dtype(), s);
  return scatter(matrix, {places_from(down, a.shape(0), s), places_from(right, a.shape(0), s)},
                 expand_dims(fixed(a, s), {1, 2}, s), {0, 1}, s);
}

array trace(const array& a, int offset, int axis1, int axis2, Dtype dtype, StreamOrDevice s) {
  return sum(astype(diagonal(a, offset, axis1, axis2, s), dtype, s), -1, false, s);
}
array trace(const array& a, int offset, int axis1, int axis2, StreamOrDevice s) {
  return sum(diagonal(a, offset, axis1, axis2, s), -1, false, s);
}
array trace(const array& a, StreamOrDevice s) { return trace(a, 0, 0, 1, s); }

}  // namespace quern
