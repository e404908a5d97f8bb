#include <fmt/format.h>

#include <algorithm>

#include "engine/graph/trace.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/reduce_axes.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
#include "engine/primitives/reduce.h"
#include "engine/primitives/shape.h"

namespace quern {

namespace {

/// The dtype that statistics are computed in: sums of half dtypes overflow and lose too much.
Dtype computed(Dtype dtype) { return is_half(dtype) ? float32 : at_least_float(dtype); }

/// In computed(a's dtype).
array wide_mean(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  const Dtype dtype = computed(a.dtype());
  const array x = is_half(a.dtype()) ? a : astype(a, dtype, s);
  const array total =
      axes.empty() ? astype(x, dtype, s) : reduction_node<Sum>(x, axes, keepdims, dtype, s);
  return multiply(total, number_of_elements(a, axes, true, dtype, s), s);
}

array squared_deviations(const array& a, const std::vector<int>& axes, bool keepdims,
                         StreamOrDevice s) {
  const Dtype dtype = computed(a.dtype());
  const array x = is_half(a.dtype()) ? a : astype(a, dtype, s);
  if (axes.empty() || dtype == complex64)
    return sum(square(subtract(astype(x, dtype, s), wide_mean(x, axes, true, s), s), s), axes,
               keepdims, s);
  return reduction_node<SquaredDeviations>(x, axes, keepdims, dtype, s);
}

/// In computed(a's dtype).
array wide_var(const array& a, const std::vector<int>& axes, bool keepdims, int ddof,
               StreamOrDevice s) {
  const Dtype dtype = computed(a.dtype());
  const array elements = number_of_elements(a, axes, false, dtype, s);
  const array n =
      ddof == 0 ? elements : maximum(subtract(elements, array(ddof, dtype), s), array(0, dtype), s);
  return divide(squared_deviations(a, axes, keepdims, s), n, s);
}

}  // namespace

array mean(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return astype(wide_mean(a, sorted_axes(a, axes, "mean"), keepdims, s), at_least_float(a.dtype()),
                s);
}
array mean(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return mean(a, std::vector<int>{axis}, keepdims, s);
}
array mean(const array& a, bool keepdims, StreamOrDevice s) {
  return mean(a, all_axes(a), keepdims, s);
}
array mean(const array& a, StreamOrDevice s) { return mean(a, false, s); }

array median(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  const std::vector<int> sorted = sorted_axes(a, axes, "median");
  const array ordered = sort(LastAxis(a, sorted, s).merged, -1, s);
  const int n = ordered.shape(-1);
  if (n == 0) {
    throw std::invalid_argument(
        fmt::format("[median] no element to choose from in shape {}", to_string(a.shape())));
  }
  Shape from(ordered.ndim(), 0), to = ordered.shape();
  from.back() = (n - 1) / 2;
  to.back() = n / 2 + 1;
  array out = mean(slice(ordered, from, to, s), -1, true, s);
  if (!keepdims) return squeeze(out, -1, s);
  Shape shape = a.shape();
  for (const int axis : sorted) shape[size_t(axis)] = 1;
  return reshape(out, std::move(shape), s);
}
array median(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return median(a, std::vector<int>{axis}, keepdims, s);
}
array median(const array& a, bool keepdims, StreamOrDevice s) {
  return median(a, all_axes(a), keepdims, s);
}
array median(const array& a, StreamOrDevice s) { return median(a, false, s); }

array var(const array& a, const std::vector<int>& axes, bool keepdims, int ddof, StreamOrDevice s) {
  const std::vector<int> sorted = sorted_axes(a, axes, "var");
  return astype(wide_var(a, sorted, keepdims, ddof, s), at_least_float(a.dtype()), s);
}
array var(const array& a, int axis, bool keepdims, int ddof, StreamOrDevice s) {
  return var(a, std::vector<int>{axis}, keepdims, ddof, s);
}
array var(const array& a, bool keepdims, int ddof, StreamOrDevice s) {
  return var(a, all_axes(a), keepdims, ddof, s);
}
array var(const array& a, StreamOrDevice s) { return var(a, false, 0, s); }

array std(const array& a, const std::vector<int>& axes, bool keepdims, int ddof, StreamOrDevice s) {
  const std::vector<int> sorted = sorted_axes(a, axes, "std");
  return astype(sqrt(wide_var(a, sorted, keepdims, ddof, s), s), at_least_float(a.dtype()), s);
}
array std(const array& a, int axis, bool keepdims, int ddof, StreamOrDevice s) {
  return quern::std(a, std::vector<int>{axis}, keepdims, ddof, s);
}
array std(const array& a, bool keepdims, int ddof, StreamOrDevice s) {
  return quern::std(a, all_axes(a), keepdims, ddof, s);
}
array std(const array& a, StreamOrDevice s) { return quern::std(a, false, 0, s); }

array count_nonzero(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return sum(astype(astype(a, bool_, s), int32, s), axes, keepdims, s);
}
array count_nonzero(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return count_nonzero(a, std::vector<int>{axis}, keepdims, s);
}
array count_nonzero(const array& a, bool keepdims, StreamOrDevice s) {
  return count_nonzero(a, all_axes(a), keepdims, s);
}
array count_nonzero(const array& a, StreamOrDevice s) { return count_nonzero(a, false, s); }

array number_of_elements(const array& a, const std::vector<int>& axes, bool inverted, Dtype dtype,
                         StreamOrDevice s) {
  std::vector<int> sorted = sorted_axes(a, axes, "number_of_elements");
  if (Trace::any_shape()) {
    return array(Shape{}, dtype,
                 make_pooled<NumberOfElements>(to_stream(s), std::move(sorted), inverted, dtype),
                 {stop_gradient(a, s)});
  }
  double n = 1;
  for (const int axis : sorted) n *= a.shape(axis);
  return array(inverted ? 1.0 / n : n, dtype);
}

}  // namespace quern
