// Code in the manner of MLX's C++ examples, which is to compile with nothing but another namespace.

#include <gtest/gtest.h>

#include "engine/quern.h"

namespace mx = quern;

namespace {

TEST(Names, ArraysAndOperators) {
  mx::array x({1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(x.dtype(), mx::int32);
  const mx::array y = mx::ones({2, 2});
  const mx::array z = x * 2 + 1.0f - y / 2;
  EXPECT_EQ(z.dtype(), mx::float32);
  EXPECT_EQ(mx::sum(z).item<float>(), 22.0f);
  EXPECT_EQ(mx::max(z, 1).shape(0), 2);
  EXPECT_EQ(mx::sum(x, {0, 1}, true).shape(), mx::Shape({1, 1}));
  EXPECT_TRUE(mx::all(mx::where(x > 2, y, mx::array(1.0f)) == 1.0f).item<bool>());
  EXPECT_EQ(mx::array(1.5).dtype(), mx::float32);
  EXPECT_EQ(mx::concatenate({y, y}, 1).shape(), mx::Shape({2, 4}));
  EXPECT_EQ(mx::einsum("ij,jk->ik", {y, y}).shape(), mx::Shape({2, 2}));
}

TEST(Names, Streams) {
  const mx::Stream s = mx::new_stream(mx::Device::cpu);
  mx::array a = mx::add(mx::array(1.0f), mx::array(2.0f), s);
  mx::async_eval(a);
  mx::synchronize(s);
  EXPECT_EQ(a.item<float>(), 3.0f);
  const mx::StreamContext context(mx::Device::cpu);
  EXPECT_EQ(mx::sum(mx::linalg::inv(mx::eye(2), mx::Device::cpu)).item<float>(), 2.0f);
}

TEST(Names, Transforms) {
  const auto square = [](mx::array x) { return mx::square(x); };
  EXPECT_EQ(mx::grad(square)(mx::array(1.5)).item<float>(), 3.0f);
  EXPECT_EQ(mx::grad(mx::grad(square))(mx::array(1.5)).item<float>(), 2.0f);
  const auto dot = mx::vmap([](mx::array a, mx::array b) { return mx::sum(a * b); });
  EXPECT_EQ(dot(mx::ones({2, 3}), mx::ones({2, 3})).shape(), mx::Shape({2}));
  const auto fun = [](const std::vector<mx::array>& in) {
    return std::vector<mx::array>{mx::sum(in[0] * in[1])};
  };
  const auto [values, gradients] = mx::value_and_grad(fun, {0, 1})({mx::ones({2}), mx::ones({2})});
  EXPECT_EQ(values[0].item<float>(), 2.0f);
  EXPECT_EQ(gradients.size(), 2u);
  EXPECT_EQ(mx::compile(fun)({mx::ones({2}), mx::ones({2})})[0].item<float>(), 2.0f);
}

TEST(Names, LinearRegression) {
  mx::random::seed(5);
  const int features = 20, examples = 200;
  const auto truth = mx::random::normal({features});
  const auto X = mx::random::normal({examples, features});
  const auto y = mx::matmul(X, truth) + 1e-2 * mx::random::normal({examples});
  mx::array w = 1e-2 * mx::random::normal({features});
  const auto loss = [&](mx::array weights) {
    return (0.5f / examples) * mx::sum(mx::square(mx::matmul(X, weights) - y));
  };
  const auto gradient = mx::grad(loss);
  for (int step = 0; step < 200; ++step) {
    w = w - 0.1f * gradient(w);
    mx::eval(w);
  }
  EXPECT_LT(mx::max(mx::abs(w - truth)).item<float>(), 0.01f);
}

}  // namespace
