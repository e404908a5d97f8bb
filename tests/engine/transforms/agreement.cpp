#include "tests/engine/transforms/agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/ops/cast.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

namespace {

Arrays rounded(const Arrays& arrays, Dtype dtype) {
  Arrays out;
  for (const array& a : arrays) out.push_back(astype(a, dtype));
  return out;
}

Arrays directions(const Arrays& like, uint64_t seed, Dtype dtype) {
  Arrays out;
  for (const array& a : like) out.push_back(astype(values(a.shape(), seed++), dtype));
  return out;
}

void expect_near(const std::string& name, const Arrays& got, const Arrays& want, Dtype dtype,
                 double tolerance) {
  ASSERT_EQ(got.size(), want.size()) << name;
  for (size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(name + ", derivative " + std::to_string(i));
    EXPECT_EQ(got[i].dtype(), dtype);
    ASSERT_EQ(got[i].shape(), want[i].shape());
    const std::vector<double> expected = doubles(want[i]);
    double largest = 0;
    for (const double x : expected) largest = std::max(largest, std::abs(x));
    expect_close(got[i], expected, 0, tolerance * (largest + 1e-3));
  }
}

}  // namespace

void expect_agreement(const std::string& name, const ArrayFunction& narrow,
                      const ArrayFunction& wide, const Arrays& inputs, double tolerance,
                      Dtype dtype) {
  // What both see is rounded.
  const Arrays in = rounded(inputs, dtype), wide_in = rounded(in, float64);
  const Arrays outputs = wide(wide_in);
  const Arrays cotangents = directions(outputs, 11, dtype), tangents = directions(in, 23, dtype);
  const Arrays wide_cotangents = rounded(cotangents, float64),
               wide_tangents = rounded(tangents, float64);
  expect_near(name + " vjp", vjp(narrow, in, cotangents).second,
              vjp(wide, wide_in, wide_cotangents).second, dtype, tolerance);
  expect_near(name + " jvp", jvp(narrow, in, tangents).second,
              jvp(wide, wide_in, wide_tangents).second, dtype, tolerance);

  const ArrayFunction gradient = [&](const Arrays& x) { return vjp(narrow, x, cotangents).second; };
  const ArrayFunction wide_gradient = [&](const Arrays& x) {
    return vjp(wide, x, wide_cotangents).second;
  };
  expect_near(name + " vjp of vjp", vjp(gradient, in, tangents).second,
              vjp(wide_gradient, wide_in, wide_tangents).second, dtype, 4 * tolerance);
  expect_near(name + " jvp of vjp", jvp(gradient, in, tangents).second,
              jvp(wide_gradient, wide_in, wide_tangents).second, dtype, 4 * tolerance);
}

void expect_agreement(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                      double tolerance, Dtype dtype) {
  expect_agreement(name, fun, fun, inputs, tolerance, dtype);
}

}  // namespace quern::tests
