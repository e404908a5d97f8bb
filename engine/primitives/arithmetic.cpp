#include "engine/primitives/arithmetic.h"

#include "engine/ops/arithmetic.h"

namespace quern {

array Add::times_derivative(const array& t, int, const Arrays&, const array&) const { return t; }

array Multiply::times_derivative(const array& t, int argnum, const Arrays& x, const array&) const {
  return multiply(t, x[size_t(1 - argnum)]);
}

}  // namespace quern
