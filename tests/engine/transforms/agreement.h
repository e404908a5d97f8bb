#pragma once

#include <string>

#include "tests/engine/transforms/check.h"

namespace quern::tests {

/// Checks the derivatives of a function that computes in float32 against those of the same function
/// in float64: vjp, jvp, and both of the vjp. `inputs` are float64 and are rounded for the first.
/// The errors allowed are relative to each derivative's largest element.
void expect_agreement(const std::string& name, const ArrayFunction& narrow,
                      const ArrayFunction& wide, const Arrays& inputs, double tolerance = 2e-5,
                      Dtype dtype = float32);

/// The same for a function of either dtype.
void expect_agreement(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                      double tolerance = 2e-5, Dtype dtype = float32);

}  // namespace quern::tests
