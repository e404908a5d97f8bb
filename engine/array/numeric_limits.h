#pragma once

#include <cstdint>

#include "engine/array/dtype.h"

namespace quern {

/// What a floating dtype can represent. complex64 is told as its parts are: dtype is float32.
struct finfo {
  /// Throws std::invalid_argument for other dtypes.
  explicit finfo(Dtype dtype);

  Dtype dtype;
  double min;  ///< the lowest finite number
  double max;
  double eps;              ///< from 1 to the next larger number
  double smallest_normal;  ///< the smallest positive number of full precision
};

/// What an integer dtype can represent.
struct iinfo {
  /// Throws std::invalid_argument for other dtypes, bool too.
  explicit iinfo(Dtype dtype);

  Dtype dtype;
  int64_t min;
  uint64_t max;
};

}  // namespace quern
