#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"

namespace quern::tests {

/// Reproducible values in [-1, 1), of an own little generator: the tests of random are elsewhere.
inline array random_array(const Shape& shape, Dtype dtype = float32, uint64_t seed = 1) {
  std::vector<float> values(element_count(shape));
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (float& v : values) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    v = float(int64_t(state >> 40) - (1 << 23)) / float(1 << 23);
  }
  return astype(array(values.begin(), shape), dtype);
}

/// The elements in row-major order, exactly, as float64.
inline std::vector<double> doubles(const array& a) {
  array dense = contiguous(astype(a, float64));
  dense.eval();
  return std::vector<double>(dense.data<double>(), dense.data<double>() + dense.size());
}

/// Relative rounding error of one operation in a dtype.
inline double precision(Dtype dtype) {
  if (dtype == float16) return 1.0 / 2048;
  if (dtype == bfloat16) return 1.0 / 256;
  if (dtype == float64) return 1e-16;
  return 6e-8;
}

/// |got - want| <= atol + rtol * |want| everywhere; NaN matches NaN.
inline void expect_close(const array& got, const std::vector<double>& want, double rtol,
                         double atol) {
  const std::vector<double> values = doubles(got);
  ASSERT_EQ(values.size(), want.size());
  int shown = 0;
  for (size_t i = 0; i < want.size() && shown < 5; ++i) {
    if (std::isnan(want[i]) && std::isnan(values[i])) continue;
    if (want[i] == values[i] || std::abs(values[i] - want[i]) <= atol + rtol * std::abs(want[i]))
      continue;
    ADD_FAILURE() << "element " << i << " is " << values[i] << ", not " << want[i];
    ++shown;
  }
}

}  // namespace quern::tests
