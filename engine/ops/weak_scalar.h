#pragma once

#include "engine/array/array.h"

namespace quern {

/// A number as the scalar that it is beside an array in Python: of the array's dtype where that is
/// a float, else float32. So a float16 array times 0.5 stays float16.
inline array weak_scalar(double value, const array& beside) {
  return array(value, issubdtype(beside.dtype(), inexact) ? beside.dtype() : float32);
}

}  // namespace quern
