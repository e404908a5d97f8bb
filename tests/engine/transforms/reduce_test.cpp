#include "engine/ops/reduce.h"

#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/scan.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

using Axes = std::vector<int>;
using OverAxes = std::function<array(const array&, const Axes&, bool)>;

const std::vector<std::pair<const char*, OverAxes>>& smooth() {
  static const std::vector<std::pair<const char*, OverAxes>> reductions = {
      {"sum", [](const array& a, const Axes& axes, bool keep) { return sum(a, axes, keep); }},
      {"prod", [](const array& a, const Axes& axes, bool keep) { return prod(a, axes, keep); }},
      {"max", [](const array& a, const Axes& axes, bool keep) { return max(a, axes, keep); }},
      {"min", [](const array& a, const Axes& axes, bool keep) { return min(a, axes, keep); }},
      {"mean", [](const array& a, const Axes& axes, bool keep) { return mean(a, axes, keep); }},
      {"median", [](const array& a, const Axes& axes, bool keep) { return median(a, axes, keep); }},
      {"var", [](const array& a, const Axes& axes, bool keep) { return var(a, axes, keep, 0); }},
      {"std",
       [](const array& a, const Axes& axes, bool keep) { return quern::std(a, axes, keep, 0); }},
      {"logsumexp",
       [](const array& a, const Axes& axes, bool keep) { return logsumexp(a, axes, keep); }},
      {"softmax", [](const array& a, const Axes& axes, bool) { return softmax(a, axes); }},
  };
  return reductions;
}

TEST(TransformsOfReductions, Smooth) {
  for (const auto& [name, op] : smooth()) {
    for (const Axes& axes : {Axes{0}, Axes{1}, Axes{2}, Axes{0, 2}, Axes{0, 1, 2}}) {
      for (const bool keepdims : {false, true}) {
        const auto fun = [&, op = op](const Arrays& in) {
          return Arrays{op(in[0], axes, keepdims)};
        };
        expect_transforms(name, fun, {values({2, 3, 4}, 5)});
      }
    }
  }
}

TEST(TransformsOfReductions, OfOneElement) {
  for (const auto& [name, op] : smooth()) {
    if (name == std::string("std")) continue;  // the root of 0 has no slope
    const auto fun = [&, op = op](const Arrays& in) { return Arrays{op(in[0], {0}, false)}; };
    expect_transforms(name, fun, {values({1, 2}, 5)});
  }
}

TEST(TransformsOfReductions, OfNothing) {
  expect_transforms("sum", [](const Arrays& in) { return Arrays{sum(in[0], 0)}; },
                    {values({0, 3}, 1)});
  expect_transforms("prod", [](const Arrays& in) { return Arrays{prod(in[0], 0)}; },
                    {values({0, 3}, 1)});
}

TEST(TransformsOfReductions, ProductsWithZeros) {
  const auto fun = [](const Arrays& in) { return Arrays{prod(in[0], 1)}; };
  const array x({2.0, 0.0, 3.0, -1.0, /**/ 0.0, 1.5, 0.0, 2.0, /**/ 0.0, 0.0, 0.0, 1.0}, {3, 4});
  expect_gradients("prod", fun, {astype(x, float64)}, {1e-4, 1e-6});
}

TEST(TransformsOfReductions, Steps) {
  const auto rounded = [](const Arrays& in) { return round(in[0]); };
  for (const bool keepdims : {false, true}) {
    for (const int axis : {0, 1}) {
      expect_vmap("all", [&](const Arrays& in) { return Arrays{all(rounded(in), axis, keepdims)}; },
                  {values({2, 3}, 1)});
      expect_vmap("any", [&](const Arrays& in) { return Arrays{any(rounded(in), axis, keepdims)}; },
                  {values({2, 3}, 1)});
      expect_vmap("argmax", [&](const Arrays& in) { return Arrays{argmax(in[0], axis, keepdims)}; },
                  {values({2, 3}, 1)});
      expect_vmap("argmin", [&](const Arrays& in) { return Arrays{argmin(in[0], axis, keepdims)}; },
                  {values({2, 3}, 1)});
    }
  }
  expect_vmap("argmax", [](const Arrays& in) { return Arrays{argmax(in[0])}; },
              {values({2, 3}, 1)});
  expect_vmap("count_nonzero",
              [&](const Arrays& in) { return Arrays{count_nonzero(rounded(in), 1)}; },
              {values({2, 3}, 1)});
  const auto fun = [](const Arrays& in) {
    const array steps = add(astype(all(in[0], 0), float64), astype(argmax(in[0], 0), float64));
    return Arrays{add(steps, astype(any(in[0], 0), float64))};
  };
  expect_gradients("steps", fun, {values({2, 3}, 1)});
}

TEST(TransformsOfReductions, TiesShare) {
  const auto fun = [](const array& x) { return max(x, 1); };
  const array x({1.0f, 3.0f, 3.0f, 2.0f, 2.0f, 2.0f}, {2, 3});
  const array want({0.0f, 0.5f, 0.5f, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f}, {2, 3});
  EXPECT_TRUE(allclose(vjp(fun, x, array({1.0f, 1.0f})).second, want).item<bool>());
}

TEST(TransformsOfReductions, KeepTheDtype) {
  for (const Dtype dtype : {float16, bfloat16, float32}) {
    for (const auto& [name, op] : smooth()) {
      const auto fun = [&op = op](const array& x) { return op(x, {1}, false); };
      const array x = astype(values({2, 3}, 1), dtype);
      const auto [y, gradient] = vjp(fun, x, ones_like(fun(x)));
      EXPECT_EQ(gradient.dtype(), dtype) << name;
      EXPECT_EQ(jvp(fun, x, ones_like(x)).second.dtype(), y.dtype()) << name;
    }
  }
}

// Scans

using OverAxis = std::function<array(const array&, int, bool, bool)>;

const std::vector<std::pair<const char*, OverAxis>>& scans() {
  static const std::vector<std::pair<const char*, OverAxis>> all = {
      {"cumsum", [](const array& a, int i, bool r, bool in) { return cumsum(a, i, r, in); }},
      {"cumprod", [](const array& a, int i, bool r, bool in) { return cumprod(a, i, r, in); }},
      {"cummax", [](const array& a, int i, bool r, bool in) { return cummax(a, i, r, in); }},
      {"cummin", [](const array& a, int i, bool r, bool in) { return cummin(a, i, r, in); }},
      {"logcumsumexp",
       [](const array& a, int i, bool r, bool in) { return logcumsumexp(a, i, r, in); }},
  };
  return all;
}

TEST(TransformsOfScans, AllKinds) {
  for (const auto& [name, op] : scans()) {
    for (const int axis : {0, 1, 2}) {
      for (const bool reverse : {false, true}) {
        for (const bool inclusive : {false, true}) {
          const auto fun = [&, op = op](const Arrays& in) {
            const array y = op(in[0], axis, reverse, inclusive);
            return Arrays{where(isinf(y), array(0.0, float64), y)};  // of no element
          };
          expect_transforms(name, fun, {values({2, 5, 3}, 8)});
        }
      }
    }
  }
}

TEST(TransformsOfScans, ShortAndLong) {
  for (const auto& [name, op] : scans()) {
    const auto fun = [&, op = op](const Arrays& in) { return Arrays{op(in[0], 0, false, true)}; };
    for (const int n : {1, 2, 17}) expect_transforms(name, fun, {values({n}, 3)});
    expect_vmap(name, fun, {values({0}, 3)});
    expect_vmap(name, [&, op = op](const Arrays& in) { return Arrays{op(in[0], 0, false, false)}; },
                {values({1}, 3)});
  }
}

TEST(TransformsOfScans, ProductsWithZeros) {
  const array x = astype(array({2.0, 0.0, 3.0, -1.0, 0.0, 1.5, 0.0, 2.0}, {2, 4}), float64);
  for (const bool reverse : {false, true}) {
    for (const bool inclusive : {false, true}) {
      const auto fun = [&](const Arrays& in) {
        return Arrays{cumprod(in[0], 1, reverse, inclusive)};
      };
      expect_gradients("cumprod", fun, {x}, {1e-4, 1e-6});
    }
  }
}

TEST(TransformsOfScans, OfEqualElementsTheFirstCounts) {
  const array x({1.0f, 3.0f, 3.0f, 2.0f}), ones = ones_like(x);
  const auto forward = [](const array& a) { return cummax(a); };
  EXPECT_TRUE(
      array_equal(vjp(forward, x, ones).second, array({1.0f, 3.0f, 0.0f, 0.0f})).item<bool>());
  const auto backward = [](const array& a) { return cummax(a, true); };
  EXPECT_TRUE(
      array_equal(vjp(backward, x, ones).second, array({0.0f, 0.0f, 3.0f, 1.0f})).item<bool>());
}

TEST(TransformsOfScans, LogarithmsOfVeryDifferentSums) {
  const array x({-400.0f, 0.0f, 300.0f, -200.0f}), ones = ones_like(x);
  for (const bool reverse : {false, true}) {
    const auto fun = [&](const array& a) { return logcumsumexp(a, reverse); };
    const array gradient = vjp(fun, x, ones).second;
    EXPECT_TRUE(all(isfinite(gradient)).item<bool>());
    EXPECT_FLOAT_EQ(sum(gradient).item<float>(), 4);  // all sums grow by what all elements do
  }
  const float inf = std::numeric_limits<float>::infinity();
  const auto fun = [](const array& a) { return logcumsumexp(a); };
  EXPECT_TRUE(all(isfinite(vjp(fun, array({-inf, -inf, 1.0f}), array({1.0f, 1.0f, 1.0f})).second))
                  .item<bool>());
}

TEST(TransformsOfScans, OfComplexNumbers) {
  const auto fun = [](const array& z) { return cumprod(z, 0); };
  const array z({complex64_t(1, 2), complex64_t(0.5f, -1), complex64_t(-1, 0.25f)});
  const array v({complex64_t(0.5f, 1), complex64_t(2, 1), complex64_t(1, -1)});
  const array tangent = jvp(fun, z, v).second;
  const array gradient = vjp(fun, z, v).second;
  const auto product = [](const array& a, const array& b) {
    return sum(real(multiply(conjugate(a), b))).item<float>();
  };
  EXPECT_NEAR(product(gradient, v), product(v, tangent), 1e-4);
}

TEST(TransformsOfScans, Diff) {
  expect_transforms("diff", [](const Arrays& in) { return Arrays{diff(in[0], 2, 1)}; },
                    {values({2, 5}, 1)});
}

}  // namespace
}  // namespace quern::tests
