#include "engine/primitives/unary.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/unary.h"

namespace quern {

array Negative::times_derivative(const array& t, int, const Arrays&, const array&) const {
  return negative(t);
}

array Exp::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, y);
}

array Sin::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, cos(x[0]));
}

array Cos::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return negative(multiply(t, sin(x[0])));
}

}  // namespace quern
