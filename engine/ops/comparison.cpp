#include "engine/ops/comparison.h"

#include <limits>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/unary.h"
#include "engine/primitives/comparison.h"

namespace quern {

namespace {

template <typename P>
array compared(const array& a, const array& b, StreamOrDevice s) {
  return elementwise_node<P>(a, b, result_type(a, b), bool_, s);
}

template <typename P>
array logical(const array& a, const array& b, StreamOrDevice s) {
  return elementwise_node<P>(a, b, bool_, bool_, s);
}

/// A question about floats; integers all give the same answer.
template <typename P>
array classified(const array& a, bool of_integers, StreamOrDevice s) {
  if (!issubdtype(a.dtype(), inexact)) return broadcast_to(array(of_integers), a.shape(), s);
  return elementwise_node<P>(a, bool_, s);
}

double largest_finite(Dtype dtype) {
  if (dtype == float16) return 65504.0;
  if (dtype == bfloat16) return 0x1.fep127;
  if (dtype == float64) return std::numeric_limits<double>::max();
  return double(std::numeric_limits<float>::max());
}

}  // namespace

array equal(const array& a, const array& b, StreamOrDevice s) { return compared<Equal>(a, b, s); }
array not_equal(const array& a, const array& b, StreamOrDevice s) {
  return compared<NotEqual>(a, b, s);
}
array greater(const array& a, const array& b, StreamOrDevice s) {
  return compared<Greater>(a, b, s);
}
array greater_equal(const array& a, const array& b, StreamOrDevice s) {
  return compared<GreaterEqual>(a, b, s);
}
array less(const array& a, const array& b, StreamOrDevice s) { return compared<Less>(a, b, s); }
array less_equal(const array& a, const array& b, StreamOrDevice s) {
  return compared<LessEqual>(a, b, s);
}

array logical_not(const array& a, StreamOrDevice s) {
  return elementwise_node<LogicalNot>(astype(a, bool_, s), bool_, s);
}
array logical_and(const array& a, const array& b, StreamOrDevice s) {
  return logical<LogicalAnd>(a, b, s);
}
array logical_or(const array& a, const array& b, StreamOrDevice s) {
  return logical<LogicalOr>(a, b, s);
}
array logical_xor(const array& a, const array& b, StreamOrDevice s) {
  return logical<LogicalXor>(a, b, s);
}

array isnan(const array& a, StreamOrDevice s) { return classified<IsNaN>(a, false, s); }
array isinf(const array& a, StreamOrDevice s) { return classified<IsInf>(a, false, s); }
array isfinite(const array& a, StreamOrDevice s) { return classified<IsFinite>(a, true, s); }
array isposinf(const array& a, StreamOrDevice s) { return classified<IsPosInf>(a, false, s); }
array isneginf(const array& a, StreamOrDevice s) { return classified<IsNegInf>(a, false, s); }

array array_equal(const array& a, const array& b, bool equal_nan, StreamOrDevice s) {
  if (a.shape() != b.shape()) return array(false);
  array same = equal(a, b, s);
  if (equal_nan && issubdtype(result_type(a, b), inexact)) {
    same = logical_or(same, logical_and(isnan(a, s), isnan(b, s), s), s);
  }
  return all(same, s);
}

array array_equal(const array& a, const array& b, StreamOrDevice s) {
  return array_equal(a, b, false, s);
}

array isclose(const array& a, const array& b, double rtol, double atol, bool equal_nan,
              StreamOrDevice s) {
  const Dtype dtype = at_least_float(result_type(a, b));
  const array x = astype(a, dtype, s), y = astype(b, dtype, s);
  const array size = abs(y, s);
  const array bound =
      add(array(atol, size.dtype()), multiply(array(rtol, size.dtype()), size, s), s);
  // An infinite bound would let anything be close; infinities are close only to themselves.
  array close = logical_and(less_equal(abs(subtract(x, y, s), s), bound, s), isfinite(y, s), s);
  close = logical_or(close, equal(x, y, s), s);
  if (equal_nan) close = logical_or(close, logical_and(isnan(x, s), isnan(y, s), s), s);
  return close;
}

array allclose(const array& a, const array& b, double rtol, double atol, bool equal_nan,
               StreamOrDevice s) {
  return all(isclose(a, b, rtol, atol, equal_nan, s), s);
}

array where(const array& condition, const array& x, const array& y, StreamOrDevice s) {
  const Dtype dtype = result_type(x, y);
  std::vector<array> inputs =
      broadcast_arrays({astype(condition, bool_, s), astype(x, dtype, s), astype(y, dtype, s)}, s);
  Shape shape = inputs[0].shape();
  return array(std::move(shape), dtype, make_pooled<Select>(to_stream(s)), std::move(inputs));
}

array clip(const array& a, const std::optional<array>& a_min, const std::optional<array>& a_max,
           StreamOrDevice s) {
  if (!a_min && !a_max) throw std::invalid_argument("[clip] needs a lower or an upper bound");
  array out = a;
  if (a_min) out = maximum(out, *a_min, s);
  if (a_max) out = minimum(out, *a_max, s);
  return out;
}

array nan_to_num(const array& a, float nan, std::optional<float> posinf,
                 std::optional<float> neginf, StreamOrDevice s) {
  const Dtype dtype = a.dtype();
  if (!issubdtype(dtype, inexact)) return a;
  if (dtype == complex64) {  // its parts one by one
    const array parts = nan_to_num(view(flatten(a, s), float32, s), nan, posinf, neginf, s);
    return reshape(view(parts, complex64, s), a.shape(), s);
  }
  const double largest = largest_finite(dtype);
  const array out = where(isnan(a, s), array(nan, dtype), a, s);
  const array high = array(posinf ? double(*posinf) : largest, dtype);
  const array low = array(neginf ? double(*neginf) : -largest, dtype);
  return where(isposinf(a, s), high, where(isneginf(a, s), low, out, s), s);
}

}  // namespace quern
