#include <gtest/gtest.h>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/compile.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

using Function = std::function<Arrays(const Arrays&)>;

Arrays product(const Arrays& in) { return {multiply(in[0], sin(in[1]))}; }

TEST(CustomFunction, ItsOwnGradientIsUsed) {
  const Function fun = custom_vjp(product, [](const Arrays&, const Arrays& c, const Arrays& out) {
    return Arrays{multiply(c[0], array(10.0f)), multiply(c[0], out[0])};
  });
  const array x(2.0f), y(1.0f);
  EXPECT_FLOAT_EQ(fun({x, y})[0].item<float>(), 2 * std::sin(1.0f));
  const Arrays gradients = vjp(fun, {x, y}, {array(1.0f)}).second;
  EXPECT_EQ(gradients[0].item<float>(), 10.0f);
  EXPECT_FLOAT_EQ(gradients[1].item<float>(), 2 * std::sin(1.0f));
  // What has no rule of its own follows from the function.
  const Arrays tangents = jvp(fun, {x, y}, {array(1.0f), array(0.0f)}).second;
  EXPECT_FLOAT_EQ(tangents[0].item<float>(), std::sin(1.0f));
}

TEST(CustomFunction, ItsOwnTangentIsUsed) {
  const Function fun =
      custom_function(product, std::nullopt,
                      [](const Arrays&, const Arrays& tangents, const std::vector<int>& argnums) {
                        EXPECT_EQ(argnums, std::vector<int>({0, 1}));
                        return Arrays{add(tangents[0], tangents[1])};
                      });
  const Arrays tangents = jvp(fun, {array(2.0f), array(1.0f)}, {array(3.0f), array(4.0f)}).second;
  EXPECT_EQ(tangents[0].item<float>(), 7.0f);
  EXPECT_FLOAT_EQ(vjp(fun, {array(2.0f), array(1.0f)}, {array(1.0f)}).second[0].item<float>(),
                  std::sin(1.0f));
}

TEST(CustomFunction, ItsOwnBatchingIsUsed) {
  const Function fun = custom_function(
      product, std::nullopt, std::nullopt, [](const Arrays& in, const std::vector<int>& axes) {
        EXPECT_EQ(axes, std::vector<int>({0, -1}));
        return std::pair{Arrays{multiply(in[0], array(2.0f))}, std::vector<int>{0}};
      });
  const array got = vmap(fun, {0, -1}, {0})({ones({3}), array(1.0f)})[0];
  EXPECT_EQ(sum(got).item<float>(), 6.0f);
}

TEST(CustomFunction, TheGradientOfABatchIsItsOwnToo) {
  const Function fun = custom_vjp(product, [](const Arrays&, const Arrays& c, const Arrays&) {
    return Arrays{multiply(c[0], array(10.0f)), multiply(c[0], array(20.0f))};
  });
  const auto loss = [&](const Arrays& in) { return sum(vmap(fun, {0, -1}, {0})(in)[0]); };
  const Arrays gradients = grad(loss, std::vector<int>{0, 1})({ones({3}), array(1.0f)});
  EXPECT_TRUE(array_equal(gradients[0], full({3}, 10.0f)).item<bool>());
  EXPECT_EQ(gradients[1].item<float>(), 60.0f);
}

TEST(CustomFunction, CompilesWithItsGradient) {
  const Function fun = custom_vjp(product, [](const Arrays&, const Arrays& c, const Arrays&) {
    return Arrays{multiply(c[0], array(10.0f)), multiply(c[0], array(20.0f))};
  });
  const auto loss = [&](const Arrays& in) { return sum(fun(in)[0]); };
  const Arrays gradients =
      compile(Function(grad(loss, std::vector<int>{0, 1})))({ones({3}), ones({3})});
  EXPECT_EQ(sum(gradients[1]).item<float>(), 60.0f);
}

TEST(CustomFunction, AWrongCountIsAnError) {
  const Function fun =
      custom_vjp(product, [](const Arrays&, const Arrays& c, const Arrays&) { return c; });
  EXPECT_THROW(vjp(fun, {array(2.0f), array(1.0f)}, {array(1.0f)}), std::invalid_argument);
}

TEST(Checkpoint, GivesTheSameDerivatives) {
  const Function fun = [](const Arrays& in) {
    return Arrays{multiply(exp(in[0]), sin(in[1])), cos(in[0])};
  };
  expect_transforms("checkpoint", checkpoint(fun), {values({2, 3}, 1), values({2, 3}, 2)});
}

TEST(Checkpoint, CapturedArraysHaveGradients) {
  const auto loss = [](const array& w) {
    return sum(checkpoint([&](const Arrays& in) { return Arrays{multiply(in[0], w)}; })({w})[0]);
  };
  EXPECT_EQ(grad(loss)(array(3.0f)).item<float>(), 6.0f);
}

TEST(Checkpoint, TakesLessMemory) {
  const auto block = [](const Arrays& in) {
    array x = in[0];
    for (int i = 0; i < 8; ++i) x = sin(multiply(x, x));
    return Arrays{x};
  };
  const auto peak = [&](const Function& f) {
    const auto loss = [&](const array& x) {
      Arrays y{x};
      for (int i = 0; i < 8; ++i) y = f(y);
      return sum(y[0]);
    };
    array x = full({1 << 16}, 0.5f);
    x.eval();
    reset_peak_memory();
    grad(loss)(x).eval();
    return get_peak_memory();
  };
  const size_t plain = peak(block), less = peak(checkpoint(block));
  EXPECT_LT(less, plain / 2) << plain;
}

}  // namespace
}  // namespace quern::tests
