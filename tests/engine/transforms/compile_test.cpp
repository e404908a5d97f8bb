#include "engine/transforms/compile.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/compiled.h"
#include "engine/transforms/program.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

using Function = std::function<Arrays(const Arrays&)>;

void expect_same(const Function& fun, const Arrays& inputs) {
  const Arrays want = fun(inputs);
  const Function compiled = compile(fun);
  for (int call = 0; call < 2; ++call) {
    const Arrays got = compiled(inputs);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(got[i].dtype(), want[i].dtype());
      EXPECT_TRUE(array_equal(got[i], want[i], true).item<bool>()) << "output " << i;
    }
  }
}

Program fused(const Function& fun, const Arrays& inputs) {
  Program program = record_program(fun, inputs, false);
  simplify(program);
  fuse(program);
  return program;
}

array gelu(const array& x) {
  const Dtype t = x.dtype();
  return multiply(multiply(array(0.5f, t), x),
                  add(array(1.0f, t), erf(multiply(x, array(0.70710678f, t)))));
}

TEST(Compile, CallsTheFunctionOncePerShape) {
  int calls = 0;
  const Function compiled = compile([&](const Arrays& in) {
    ++calls;
    return Arrays{exp(in[0])};
  });
  for (int i = 0; i < 3; ++i) compiled({ones({2})});
  EXPECT_EQ(calls, 1);
  compiled({ones({3})});
  compiled({ones({2}, float16)});
  EXPECT_EQ(calls, 3);
}

TEST(Compile, GivesWhatTheFunctionGives) {
  random::seed(3);
  const array x = random::normal({37, 130}), y = random::normal({130});
  expect_same([](const Arrays& in) { return Arrays{gelu(in[0])}; }, {x});
  expect_same([](const Arrays& in) { return Arrays{gelu(add(in[0], in[1]))}; }, {x, y});
  expect_same([](const Arrays& in) { return Arrays{gelu(in[0])}; }, {astype(x, float16)});
  expect_same([](const Arrays& in) { return Arrays{gelu(in[0])}; }, {astype(x, bfloat16)});
  expect_same([](const Arrays& in) { return Arrays{gelu(in[0])}; }, {astype(x, float64)});
  expect_same([](const Arrays& in) { return Arrays{gelu(transpose(in[0]))}; }, {x});
  expect_same([](const Arrays& in) { return Arrays{exp(negative(square(in[0])))}; },
              {slice(x, {36, 0}, {-38, 130}, {-3, 2})});
  expect_same([](const Arrays& in) { return Arrays{exp(negative(in[0]))}; }, {zeros({0, 3})});
  expect_same([](const Arrays& in) { return Arrays{exp(negative(in[0]))}; }, {array(2.0f)});
}

TEST(Compile, CastsAndWidthsWithinAGroup) {
  random::seed(4);
  const array x = multiply(random::normal({5000}), array(10.0f));
  expect_same(
      [](const Arrays& in) {
        const array wide = astype(in[0], float64);
        const array halves = astype(multiply(wide, array(0.1, float64)), float16);
        const array small = astype(abs(multiply(halves, halves)), uint8);
        const array chosen = where(greater(in[0], array(0.0f)), astype(small, float32), in[0]);
        return Arrays{chosen, halves, logical_not(astype(small, bool_))};
      },
      {x});
}

/// Some steps whose values lie in memory, some that are only handed on, operands on either side.
Arrays chain(const Arrays& in) {
  const Dtype t = in[0].dtype();
  const array &x = in[0], &y = in[1], &z = in[2];
  const array a = subtract(y, multiply(x, array(1.5f, t)));
  const array b = divide(array(0.75f, t), maximum(a, array(-0.0f, t)));
  const array c = multiply(minimum(z, b), minimum(b, x));
  const array d = square(negative(abs(subtract(c, a))));
  const array e = add(d, d);
  const array f = sqrt(reciprocal(maximum(e, y)));
  const array g = rsqrt(add(astype(astype(f, float32), t), y));
  return {g, e, divide(exp(negative(g)), multiply(b, z))};
}

TEST(Compile, ChainsGiveTheBitsOfTheirSteps) {
  random::seed(5);
  constexpr float inf = std::numeric_limits<float>::infinity();
  const array special({0.0f, -0.0f, inf, -inf, std::nanf(""), 1e-42f, 65504.0f, -3e38f});
  // The zeros' signs too.
  const auto bits = [](const array& x) {
    return where(isnan(x), array(0.0f, x.dtype()), divide(array(1.0f, x.dtype()), x));
  };
  for (const Dtype dtype : {float32, float16, bfloat16, float64}) {
    for (const int n : {1, 3, 16, 127, 128, 129, 511, 512, 641, 70000}) {
      const auto values = [&] {
        const array all = concatenate({random::permutation(special), random::normal({n}), special});
        return astype(slice(all, {0}, {n}), dtype);
      };
      const Arrays in = {values(), values(), values()};
      const Arrays want = chain(in), got = compile(chain)(in);
      for (size_t i = 0; i < want.size(); ++i) {
        EXPECT_TRUE(array_equal(got[i], want[i], true).item<bool>()) << dtype << " " << n;
        EXPECT_TRUE(array_equal(bits(got[i]), bits(want[i])).item<bool>()) << dtype << " " << n;
      }
    }
    const array matrix = astype(random::normal({150, 260}), dtype);
    const array row = slice(matrix, {0, 0}, {150, 1}),
                strided = slice(matrix, {0, 0}, {150, 260}, {1, 2});
    expect_same(chain,
                {strided, broadcast_to(row, {150, 130}), slice(matrix, {0, 130}, {150, 260})});
  }
}

TEST(Compile, SeveralOutputsOfOneGroup) {
  expect_same(
      [](const Arrays& in) {
        const array a = exp(in[0]), b = multiply(a, in[1]), c = add(b, a);
        return Arrays{c, a, sum(b), b};
      },
      {random::normal({3000}), random::normal({3000})});
}

TEST(Compile, ElementwiseStepsBecomeOne) {
  const Program program = fused([](const Arrays& in) { return Arrays{gelu(in[0])}; }, {ones({4})});
  ASSERT_EQ(program.steps.size(), 1u);
  EXPECT_STREQ(program.steps[0].primitive->name(), "Compiled");
}

TEST(Compile, OneOperationStaysItself) {
  const Program program = fused([](const Arrays& in) { return Arrays{exp(in[0])}; }, {ones({4})});
  ASSERT_EQ(program.steps.size(), 1u);
  EXPECT_STREQ(program.steps[0].primitive->name(), "Exp");
}

TEST(Compile, AGroupNeverWaitsForItself) {
  // exp feeds both the sum and, with the sum, the division: one group of both would need itself.
  const Function softmax = [](const Arrays& in) {
    const array e = exp(multiply(in[0], array(0.5f)));
    return Arrays{divide(negative(e), sum(e, -1, true))};
  };
  const Program program = fused(softmax, {ones({3, 4})});
  EXPECT_GT(program.steps.size(), 2u);
  expect_same(softmax, {random::normal({3, 4})});
}

TEST(Compile, DuplicatesAndUnusedWorkGo) {
  Program program = record_program(
      [](const Arrays& in) {
        const array unused = sin(in[0]);
        return Arrays{matmul(exp(in[0]), exp(copy(in[0])))};
      },
      {ones({2, 2})}, false);
  simplify(program);
  ASSERT_EQ(program.steps.size(), 2u);
  EXPECT_STREQ(program.steps[0].primitive->name(), "Exp");
}

TEST(Compile, ConstantsAreComputedOnce) {
  const array weight = random::normal({8});
  const Function fun = [&](const Arrays& in) {
    return Arrays{add(in[0], exp(multiply(weight, array(2.0f))))};
  };
  const Program program = fused(fun, {ones({8})});
  EXPECT_EQ(program.steps.size(), 1u);
  expect_same(fun, {ones({8})});
}

TEST(Compile, OutputsThatAreInputsOrConstants) {
  expect_same(
      [](const Arrays& in) {
        return Arrays{in[1], in[0], array(3.0f), in[1]};
      },
      {array(1.0f), array(2.0f)});
}

TEST(Compile, ModesAgree) {
  const Function fun = [](const Arrays& in) { return Arrays{gelu(gelu(in[0]))}; };
  const array x = random::normal({100});
  const array want = fun({x})[0];
  for (const CompileMode mode : {CompileMode::disabled, CompileMode::no_simplify,
                                 CompileMode::no_fuse, CompileMode::enabled}) {
    set_compile_mode(mode);
    EXPECT_TRUE(array_equal(compile(fun)({x})[0], want).item<bool>());
  }
}

TEST(Compile, FunctionPointersKeepTheirRecord) {
  static int calls = 0;
  const auto fun = [](const Arrays& in) {
    ++calls;
    return Arrays{exp(in[0])};
  };
  for (int i = 0; i < 3; ++i) compile(fun)({ones({2})});
  EXPECT_EQ(calls, 1);
}

TEST(Compile, EvaluatingInsideIsRefused) {
  const Function compiled = compile([](const Arrays& in) {
    array y = exp(in[0]);
    y.eval();
    return Arrays{y};
  });
  EXPECT_THROW(compiled({ones({2})}), std::invalid_argument);
}

TEST(Compile, ComposesWithTheOtherTransforms) {
  const Function fun = [](const Arrays& in) {
    return Arrays{multiply(gelu(in[0]), sin(multiply(in[1], in[0])))};
  };
  expect_transforms("compiled", compile(fun), {values({3, 4}, 1), values({4}, 2)});

  const auto loss = [fun](const Arrays& in) { return sum(fun(in)[0]); };
  const Function gradient = grad(loss, std::vector<int>{0, 1});
  expect_same(gradient, {values({3, 4}, 3), values({4}, 4)});
  expect_transforms("compiled gradient", compile(gradient), {values({3, 4}, 5), values({4}, 6)});

  const Function mapped = vmap(compile(gradient), {0, -1}, {0, 0});
  const array x = values({5, 3, 4}, 7), y = values({4}, 8);
  const Arrays got = compile(mapped)({x, y}), want = vmap(gradient, {0, -1}, {0, 0})({x, y});
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_TRUE(allclose(got[i], want[i], 1e-12, 1e-12).item<bool>());
  }
}

TEST(Compile, ShapelessServesOtherShapes) {
  int calls = 0;
  const Function compiled = compile(
      [&](const Arrays& in) {
        ++calls;
        return Arrays{add(gelu(in[0]), in[1]), sum(multiply(in[0], array(2.0f)), 0),
                      matmul(in[0], transpose(in[0]))};
      },
      true);
  for (const int n : {3, 5, 1}) {
    const array x = random::normal({n, 4}), y = random::normal({4});
    const Arrays got = compiled({x, y});
    EXPECT_TRUE(array_equal(got[0], add(gelu(x), y)).item<bool>()) << n;
    EXPECT_TRUE(array_equal(got[1], sum(multiply(x, array(2.0f)), 0)).item<bool>()) << n;
    EXPECT_TRUE(array_equal(got[2], matmul(x, transpose(x))).item<bool>()) << n;
  }
  EXPECT_EQ(calls, 1);
}

TEST(Compile, FromSeveralThreads) {
  const Function compiled = compile([](const Arrays& in) { return Arrays{gelu(gelu(in[0]))}; });
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const array x = full({50 + (i + t) % 3}, float(t));
        wrong += !array_equal(compiled({x})[0], gelu(gelu(x))).item<bool>();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace quern::tests
