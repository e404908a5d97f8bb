#pragma once

#include <complex>
#include <ostream>

#include "engine/array/array.h"

namespace quern {

// Arrays as text:
//   array([[1, 2, ..., 8, 9],
//          [3, 4, ..., 0, 1]], dtype=float32)
// An axis longer than six shows its first and last three elements.

struct PrintOptions {
  static constexpr int default_precision = -1;

  /// Significant digits of floating and complex numbers; -1: six.
  int precision = default_precision;
};

/// For all arrays that are printed from now on, on any thread.
void set_printoptions(PrintOptions options);
PrintOptions get_printoptions();

}  // namespace quern
