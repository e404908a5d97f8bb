#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/array/array.h"

namespace quern::tests {

/// A function of arrays to be checked; what it returns may be several arrays.
using ArrayFunction = std::function<Arrays(const Arrays&)>;

struct GradientTolerance {
  double step = 1e-6;      ///< of the central differences
  double relative = 1e-6;  ///< error allowed, relative to the largest derivative
};

/// Checks vjp and jvp of a function at float64 inputs against central differences along a random
/// direction for jvp, and against jvp by the identity <cotangent, J v> = <vjp, v> for vjp, and then
/// the gradient of the gradient in the same way. Reports by EXPECT_.... Inputs that are not float64
/// are held fixed.
void expect_gradients(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                      GradientTolerance tolerance = {});

/// Checks vmap of a function against calling it for each element of the batch: with every input
/// mapped, and with each input alone mapped, over the first and over the last axis. `inputs` are
/// those of one call.
void expect_vmap(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                 double tolerance = 1e-5);

/// Both, the gradients first.
void expect_transforms(const std::string& name, const ArrayFunction& fun, const Arrays& inputs);

/// Reproducible float64 values between low and high, different for each seed.
array values(Shape shape, uint64_t seed, double low = -1, double high = 1);

}  // namespace quern::tests
