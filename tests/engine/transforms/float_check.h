#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/reduce.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {

/// expect_gradients for functions that compute in float32 or complex64 inside: float32 inputs and
/// outputs, wider differences, and tolerances to go with them; the first order only.
inline void expect_float_derivatives(const std::string& name, const ArrayFunction& fun,
                                     const Arrays& inputs, double step = 1e-2,
                                     double tolerance = 2e-3) {
  SCOPED_TRACE(name);
  const auto like = [](const Arrays& arrays, uint64_t seed) {
    Arrays out;
    for (const array& a : arrays) out.push_back(astype(values(a.shape(), seed++), float32));
    return out;
  };
  const auto dot = [](const Arrays& a, const Arrays& b) {
    double total = 0;
    for (size_t i = 0; i < a.size(); ++i)
      total += sum(multiply(astype(a[i], float64), astype(b[i], float64))).item<double>();
    return total;
  };
  const Arrays outputs = fun(inputs), direction = like(inputs, 71), cotangents = like(outputs, 83);
  const auto moved = [&](double by) {
    Arrays at;
    for (size_t i = 0; i < inputs.size(); ++i)
      at.push_back(add(inputs[i], multiply(direction[i], array(by, float32))));
    return dot(cotangents, fun(at));
  };
  const double difference = (moved(step) - moved(-step)) / (2 * step);
  const Arrays tangents = jvp(fun, inputs, direction).second;
  const double along = dot(cotangents, tangents);
  const Arrays gradients = vjp(fun, inputs, cotangents).second;
  ASSERT_EQ(gradients.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(gradients[i].shape(), inputs[i].shape());
    EXPECT_EQ(gradients[i].dtype(), inputs[i].dtype());
  }
  const double pulled = dot(gradients, direction);
  EXPECT_NEAR(along, difference, tolerance * (1 + std::abs(difference))) << "jvp";
  EXPECT_NEAR(pulled, along, 1e-4 * (1 + std::abs(along))) << "vjp against jvp";
}

}  // namespace quern::tests
