#pragma once

#include <cstddef>

#include "engine/array/dtype.h"

namespace quern::cpu {

/// A scan of float32, float16 or bfloat16 elements, [outer, n, inner], along the middle axis.
/// Integers that sums can be of are summed exactly; what comes before a vector is carried along in
/// float64, or in float32 for sums of half dtypes side by side.
struct FloatScan {
  enum class Kind { sum, largest, smallest };

  Kind kind;
  Dtype dtype;
  const void* in;
  void* out;
  size_t outer, n, inner;
  bool reverse, inclusive;
};

/// Whether vectors gain anything: not in lines that are hardly longer than one.
bool has_vectors(const FloatScan& scan);

/// On all threads. The result depends on the shape alone, not on their number.
void scan_floats(const FloatScan& scan);

}  // namespace quern::cpu
