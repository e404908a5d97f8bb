#include "engine/primitives/arithmetic.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/unary.h"

namespace quern {

namespace {

array zero(const array& like) { return array(0, like.dtype()); }
array one(const array& like) { return array(1, like.dtype()); }

}  // namespace

array Add::times_derivative(const array& t, int, const Arrays&, const array&) const { return t; }

array Subtract::times_derivative(const array& t, int argnum, const Arrays&, const array&) const {
  return argnum == 0 ? t : negative(t);
}

array Multiply::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  return multiply(t, x[size_t(1 - argnum)]);
}

array Divide::times_derivative(const array& t, int argnum, const Arrays& x, const array& y) const {
  const array by = divide(t, x[1]);
  return argnum == 0 ? by : negative(multiply(by, y));
}

array Remainder::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  return argnum == 0 ? t : negative(multiply(t, floor_divide(x[0], x[1])));
}

array Power::times_derivative(const array& t, int argnum, const Arrays& x, const array& y) const {
  const array &base = x[0], &exponent = x[1];
  const array no_base = equal(base, zero(base));
  if (argnum == 0) {
    // x^0 is constant at 0 too, where 0 * 0^-1 would not be a number.
    const array constant = logical_and(no_base, equal(exponent, zero(exponent)));
    const array safe = where(constant, one(exponent), exponent);
    return multiply(t, multiply(exponent, power(base, subtract(safe, one(safe)))));
  }
  if (!issubdtype(y.dtype(), inexact)) return zeros_like(t);
  // So is 0^x, for positive x.
  const array constant = logical_and(no_base, greater_equal(exponent, zero(exponent)));
  return multiply(t, multiply(y, log(where(constant, one(base), base))));
}

// Of equals, the second is the one that counts.

array Maximum::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  const array first = greater(x[0], x[1]);
  return argnum == 0 ? where(first, t, zero(t)) : where(first, zero(t), t);
}

array Minimum::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  const array first = less(x[0], x[1]);
  return argnum == 0 ? where(first, t, zero(t)) : where(first, zero(t), t);
}

array LogAddExp::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  return multiply(t, sigmoid(finite_difference(x[size_t(argnum)], x[size_t(1 - argnum)])));
}

array ArcTan2::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  const array by = divide(t, add(square(x[0]), square(x[1])));
  return argnum == 0 ? multiply(by, x[1]) : negative(multiply(by, x[0]));
}

}  // namespace quern
