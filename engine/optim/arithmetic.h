#pragma once

#include "engine/ops/arithmetic.h"
#include "engine/ops/weak_scalar.h"

namespace quern::optim {

// What the update rules are written in: numbers take the array's dtype.

inline array times(double factor, const array& x) { return multiply(weak_scalar(factor, x), x); }
inline array plus(const array& x, double number) { return add(x, weak_scalar(number, x)); }

/// decay * average + (1 - decay) * value
inline array moved(const array& average, double decay, const array& value) {
  return add(times(decay, average), times(1 - decay, value));
}

}  // namespace quern::optim
