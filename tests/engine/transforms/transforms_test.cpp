#include "engine/transforms/transforms.h"

#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

TEST(Grad, OfAPolynomial) {
  const auto cube = [](const array& x) { return multiply(x, multiply(x, x)); };
  EXPECT_EQ(grad(cube)(array(2.0f)).item<float>(), 12.0f);
  EXPECT_EQ(grad(grad(cube))(array(2.0f)).item<float>(), 12.0f);
  EXPECT_EQ(grad(grad(grad(cube)))(array(2.0f)).item<float>(), 6.0f);
}

TEST(Grad, NamesTheArgument) {
  const auto fun = [](const std::vector<array>& in) { return sum(multiply(in[0], exp(in[1]))); };
  const array a({1.0f, 2.0f}), b({0.0f, 0.0f});
  const auto gradients = grad(fun, std::vector<int>{1, 0})({a, b});
  EXPECT_EQ(gradients[0].shape(), Shape({2}));
  EXPECT_EQ(sum(gradients[0]).item<float>(), 3.0f);
  EXPECT_EQ(sum(gradients[1]).item<float>(), 2.0f);
  EXPECT_THROW(grad(fun, 2)({a, b}), std::invalid_argument);
  EXPECT_THROW(grad(fun, std::vector<int>{0, 0})({a, b}), std::invalid_argument);
}

TEST(Grad, WantsAScalar) {
  const auto twice = [](const array& x) { return add(x, x); };
  EXPECT_THROW(grad(twice)(array({1.0f, 2.0f})), std::invalid_argument);
}

TEST(Grad, StopsWhereItIsTold) {
  const auto fun = [](const array& x) { return multiply(x, stop_gradient(x)); };
  EXPECT_EQ(grad(fun)(array(3.0f)).item<float>(), 3.0f);
}

TEST(Grad, MayEvaluateInside) {
  const auto fun = [](const array& x) {
    array y = exp(x);
    const float seen = y.item<float>();
    return seen > 1 ? multiply(y, y) : y;
  };
  EXPECT_FLOAT_EQ(grad(fun)(array(1.0f)).item<float>(), 2 * std::exp(2.0f));
  EXPECT_FLOAT_EQ(grad(fun)(array(-1.0f)).item<float>(), std::exp(-1.0f));
}

TEST(Grad, OfALongChain) {
  const auto fun = [](const array& x) {
    array y = x;
    for (int i = 0; i < 50000; ++i) y = negative(y);
    return y;
  };
  EXPECT_EQ(grad(fun)(array(3.0f)).item<float>(), 1.0f);
}

TEST(Jvp, ForwardOverReverse) {
  const auto fun = [](const array& x) { return sum(sin(x)); };
  const array x({0.5f, 1.0f}), v({1.0f, 0.0f});
  const auto [gradient, hessian_v] = jvp(grad(fun), x, v);
  EXPECT_NEAR(sum(gradient).item<float>(), std::cos(0.5f) + std::cos(1.0f), 1e-6);
  EXPECT_NEAR(sum(hessian_v).item<float>(), -std::sin(0.5f), 1e-6);
}

TEST(Vmap, EvaluatingInsideIsRefused) {
  const auto fun = [](const array& x) {
    array y = exp(x);
    y.eval();
    return y;
  };
  EXPECT_THROW(vmap(fun)(zeros({3})), std::invalid_argument);
}

TEST(Vmap, OfAGradient) {
  const auto fun = [](const array& x) { return sum(sin(x)); };
  const array x({0.0f, 1.0f, 2.0f, 3.0f}, Shape{2, 2});
  EXPECT_TRUE(allclose(vmap(grad(fun))(x), cos(x)).item<bool>());
}

TEST(Vmap, NestedOverBothAxes) {
  const auto outer =
      vmap(vmap([](const array& a, const array& b) { return multiply(a, b); }, -1, 0), 0, -1);
  const array a({1.0f, 2.0f}), b({3.0f, 4.0f, 5.0f});
  const array got = outer(a, b);
  EXPECT_EQ(got.shape(), Shape({2, 3}));
  EXPECT_EQ(sum(got).item<float>(), 36.0f);
}

TEST(Transforms, OfTheFirstOps) {
  expect_transforms("add", [](const auto& in) { return Arrays{add(in[0], in[1])}; },
                    {values({2, 3}, 1), values({3}, 2)});
  expect_transforms("multiply", [](const auto& in) { return Arrays{multiply(in[0], in[1])}; },
                    {values({2, 3}, 1), values({2, 1}, 2)});
  expect_transforms("exp", [](const auto& in) { return Arrays{exp(in[0])}; }, {values({2, 3}, 1)});
  expect_transforms("sum", [](const auto& in) { return Arrays{sum(in[0], 1)}; },
                    {values({2, 3, 2}, 1)});
}

}  // namespace
}  // namespace quern::tests
