#include "engine/primitives/scan.h"

#include <algorithm>
#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/elementwise.h"

namespace quern {

namespace {

/// The element `by` places on along the axis (back, when negative), or `fill` beyond the end.
array shifted(const array& a, int axis, int by, double fill) {
  const int n = a.shape(axis), moved = std::min(std::abs(by), n);
  Shape start(a.ndim(), 0), stop = a.shape(), beyond = a.shape();
  beyond[size_t(axis)] = moved;
  const array filled = full(beyond, array(fill, a.dtype()));
  if (by > 0) {
    start[size_t(axis)] = moved;
    return concatenate({slice(a, start, stop), filled}, axis);
  }
  stop[size_t(axis)] = n - moved;
  return concatenate({filled, slice(a, start, stop)}, axis);
}

/// s with s[i] = values[i] + factors[i] * s[i - step], step 1 or -1: in as many rounds as the axis'
/// length has binary digits, each of which doubles how far the sums reach.
array recurrence(array values, array factors, int axis, int step) {
  const int n = values.shape(axis);
  for (int reach = 1; reach < n; reach *= 2) {
    values = add(values, multiply(factors, shifted(values, axis, -step * reach, 0)));
    if (2 * reach < n) factors = multiply(factors, shifted(factors, axis, -step * reach, 0));
  }
  return values;
}

}  // namespace

// An exclusive scan is the inclusive one, moved on by a place.

Arrays Scan::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays& outputs) const {
  const array& x = primals[0];
  if (inclusive) return {pull_back(cotangents[0], x, outputs[0])};
  return {pull_back(shifted(cotangents[0], axis, reverse ? -1 : 1, 0), x,
                    scan(x, axis, reverse, true))};
}

Arrays Scan::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                 const Arrays& outputs) const {
  const array& x = primals[0];
  if (inclusive) return {push_forward(tangents[0], x, outputs[0])};
  return {shifted(push_forward(tangents[0], x, scan(x, axis, reverse, true)), axis,
                  reverse ? 1 : -1, 0)};
}

Batched Scan::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  return {{scan(inputs[0], axis + (axis >= axes[0]), reverse, inclusive)}, axes};
}

array Scan::scan(const array& x, int over, bool from_end, bool with_itself) const {
  return array(x.shape(), x.dtype(), with(over, from_end, with_itself), {x});
}

array Scan::before(const array& a, double fill) const {
  return shifted(a, axis, reverse ? 1 : -1, fill);
}

array Scan::after(const array& a, double fill) const {
  return shifted(a, axis, reverse ? -1 : 1, fill);
}

array Scan::run_on(const array& values, const array& factors) const {
  return recurrence(values, factors, axis, reverse ? -1 : 1);
}

array Scan::run_back(const array& values, const array& factors) const {
  return recurrence(values, factors, axis, reverse ? 1 : -1);
}

// CumSum

array CumSum::pull_back(const array& c, const array&, const array&) const {
  return scan(c, axis, !reverse, true);
}

array CumSum::push_forward(const array& t, const array&, const array&) const {
  return scan(t, axis, reverse, true);
}

// CumProd: without divisions, so that zeros are no different.

array CumProd::pull_back(const array& c, const array& x, const array& y) const {
  // An element multiplies those before it and, in each product that goes on, those after it.
  return multiply(conjugate(before(y, 1)), run_back(c, conjugate(after(x, 0))));
}

array CumProd::push_forward(const array& t, const array& x, const array& y) const {
  return run_on(multiply(t, before(y, 1)), x);
}

// LogCumSumExp: an element weighs exp(x[j] - y[i]) in y[i]. All factors are at most 1.

array LogCumSumExp::pull_back(const array& c, const array& x, const array& y) const {
  const array kept = exp(finite_difference(y, after(y, std::numeric_limits<double>::infinity())));
  return multiply(exp(finite_difference(x, y)), run_back(c, kept));
}

array LogCumSumExp::push_forward(const array& t, const array& x, const array& y) const {
  const array kept = exp(finite_difference(before(y, -std::numeric_limits<double>::infinity()), y));
  return run_on(multiply(t, exp(finite_difference(x, y))), kept);
}

// CumMax, CumMin

array CumMax::beats(const array& x, const array& before) const { return greater(x, before); }
array CumMin::beats(const array& x, const array& before) const { return less(x, before); }

array RunningExtremum::places(const array& x) const {
  const int n = x.shape(axis);
  Shape line(x.ndim(), 1);
  line[size_t(axis)] = n;
  const array place = reshape(arange(0, n), line), first = array(reverse ? n - 1 : 0);
  const array set = where(beats(x, scan(x, axis, reverse, false)), place, first);
  return reverse ? cummin(set, axis, true) : cummax(set, axis);
}

array RunningExtremum::pull_back(const array& c, const array& x, const array&) const {
  return scatter_add_axis(zeros_like(x), places(x), c, axis);
}

array RunningExtremum::push_forward(const array& t, const array& x, const array&) const {
  return take_along_axis(t, places(x), axis);
}

}  // namespace quern
