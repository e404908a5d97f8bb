#pragma once

#include <string>

#include "engine/quern.h"

namespace quern::bench {

/// Normally distributed, of any float dtype, evaluated.
inline array random_array(const Shape& shape, Dtype dtype = float32, uint64_t seed = 7) {
  array a = random::normal(shape, dtype, random::key(seed));
  a.eval();
  return a;
}

/// How many things of this many bytes no cache holds together.
inline int more_than_caches(size_t bytes) {
  constexpr size_t enough = size_t(192) << 20;
  return int(enough / bytes) + 1;
}

/// "float32", "bfloat16", ...
inline std::string name_of(Dtype dtype) { return std::string(dtype_name(dtype)); }

}  // namespace quern::bench
