#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/bitwise.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

using Unary = array (*)(const array&, StreamOrDevice);
using Binary = array (*)(const array&, const array&, StreamOrDevice);

struct UnaryCase {
  const char* name;
  Unary op;
  double low, high;  ///< where it is smooth
};

const std::vector<UnaryCase>& unary_cases() {
  static const std::vector<UnaryCase> cases = {
      {"abs", abs, -1, 1},
      {"negative", negative, -1, 1},
      {"positive", positive, -1, 1},
      {"square", square, -1, 1},
      {"sign", sign, 0.2, 1},
      {"floor", floor, 0.1, 0.9},
      {"ceil", ceil, 0.1, 0.9},
      {"trunc", trunc, 0.1, 0.9},
      {"round", round, 0.1, 0.4},
      {"real", real, -1, 1},
      {"imag", imag, -1, 1},
      {"conjugate", conjugate, -1, 1},
      {"reciprocal", reciprocal, 0.5, 2},
      {"sqrt", sqrt, 0.5, 2},
      {"rsqrt", rsqrt, 0.5, 2},
      {"exp", exp, -1, 1},
      {"expm1", expm1, -1, 1},
      {"log", log, 0.5, 2},
      {"log2", log2, 0.5, 2},
      {"log10", log10, 0.5, 2},
      {"log1p", log1p, -0.5, 1},
      {"sin", sin, -3, 3},
      {"cos", cos, -3, 3},
      {"tan", tan, -1, 1},
      {"arcsin", arcsin, -0.8, 0.8},
      {"arccos", arccos, -0.8, 0.8},
      {"arctan", arctan, -2, 2},
      {"sinh", sinh, -1, 1},
      {"cosh", cosh, -1, 1},
      {"tanh", tanh, -2, 2},
      {"arcsinh", arcsinh, -2, 2},
      {"arccosh", arccosh, 1.5, 3},
      {"arctanh", arctanh, -0.8, 0.8},
      {"degrees", degrees, -1, 1},
      {"radians", radians, -1, 1},
      {"sigmoid", sigmoid, -2, 2},
      {"erf", erf, -2, 2},
      {"erfinv", erfinv, -0.8, 0.8},
  };
  return cases;
}

struct BinaryCase {
  const char* name;
  Binary op;
  double low, high;
};

const std::vector<BinaryCase>& binary_cases() {
  static const std::vector<BinaryCase> cases = {
      {"add", add, -1, 1},
      {"subtract", subtract, -1, 1},
      {"multiply", multiply, -1, 1},
      {"divide", divide, 0.5, 2},
      {"remainder", remainder, 1.1, 1.9},
      {"floor_divide", floor_divide, 1.1, 1.9},
      {"power", power, 0.5, 2},
      {"maximum", maximum, -1, 1},
      {"minimum", minimum, -1, 1},
      {"logaddexp", logaddexp, -1, 1},
      {"arctan2", arctan2, -1, 1},
  };
  return cases;
}

TEST(TransformsOfElementwise, Unary) {
  for (const UnaryCase& c : unary_cases()) {
    const auto fun = [&](const Arrays& in) { return Arrays{c.op(in[0], {})}; };
    expect_transforms(c.name, fun, {values({2, 3}, 1, c.low, c.high)});
    expect_transforms(c.name, fun, {values({}, 2, c.low, c.high)});
    expect_vmap(c.name, fun, {values({0, 2}, 3, c.low, c.high)});
  }
}

TEST(TransformsOfElementwise, Binary) {
  for (const BinaryCase& c : binary_cases()) {
    const auto fun = [&](const Arrays& in) { return Arrays{c.op(in[0], in[1], {})}; };
    const auto at = [&](Shape shape, int seed) { return values(shape, seed, c.low, c.high); };
    expect_transforms(c.name, fun, {at({2, 3}, 1), at({2, 3}, 2)});
    expect_transforms(c.name, fun, {at({3}, 3), at({2, 1}, 4)});
    expect_transforms(c.name, fun, {at({}, 5), at({2}, 6)});
  }
}

TEST(TransformsOfElementwise, OfOneArrayTwice) {
  expect_gradients("power", [](const Arrays& in) { return Arrays{power(in[0], in[0])}; },
                   {values({3}, 1, 0.5, 2)});
}

TEST(TransformsOfElementwise, Selection) {
  const array a = values({2, 3}, 1), b = values({3}, 2), c = values({2, 1}, 3);
  expect_transforms("where",
                    [](const Arrays& in) {
                      return Arrays{where(greater(in[0], array(0.0, float64)), in[1], in[2])};
                    },
                    {a, b, c});
  expect_transforms(
      "where, one side",
      [](const Arrays& in) { return Arrays{where(isfinite(in[0]), in[0], array(2.0, float64))}; },
      {a});
  expect_transforms("clip", [](const Arrays& in) { return Arrays{clip(in[0], in[1], in[2])}; },
                    {values({2, 3}, 1), values({3}, 2, -0.5, 0), values({}, 3, 0, 0.5)});
  expect_transforms("nan_to_num", [](const Arrays& in) { return Arrays{nan_to_num(in[0])}; }, {a});
}

TEST(TransformsOfElementwise, Comparisons) {
  const std::vector<std::pair<const char*, Binary>> comparisons = {{"equal", equal},
                                                                   {"not_equal", not_equal},
                                                                   {"greater", greater},
                                                                   {"greater_equal", greater_equal},
                                                                   {"less", less},
                                                                   {"less_equal", less_equal},
                                                                   {"logical_and", logical_and},
                                                                   {"logical_or", logical_or},
                                                                   {"logical_xor", logical_xor}};
  for (const auto& [name, op] : comparisons) {
    const auto fun = [&, op = op](const Arrays& in) {
      const array truth = op(round(in[0]), round(in[1]), {});
      return Arrays{multiply(astype(truth, float64), in[0])};
    };
    expect_transforms(name, fun, {values({2, 3}, 1, -1.4, 1.4), values({3}, 2, -1.4, 1.4)});
  }
  const std::vector<std::pair<const char*, Unary>> questions = {
      {"logical_not", logical_not}, {"isnan", isnan},       {"isinf", isinf},
      {"isfinite", isfinite},       {"isposinf", isposinf}, {"isneginf", isneginf}};
  for (const auto& [name, op] : questions) {
    const auto fun = [&, op = op](const Arrays& in) {
      return Arrays{multiply(astype(op(in[0], {}), float64), in[0])};
    };
    expect_transforms(name, fun, {values({2, 3}, 1)});
  }
}

TEST(TransformsOfElementwise, Bits) {
  const std::vector<std::pair<const char*, Binary>> ops = {{"bitwise_and", bitwise_and},
                                                           {"bitwise_or", bitwise_or},
                                                           {"bitwise_xor", bitwise_xor},
                                                           {"left_shift", left_shift},
                                                           {"right_shift", right_shift}};
  for (const auto& [name, op] : ops) {
    const auto fun = [&, op = op](const Arrays& in) {
      const array bits = op(astype(in[0], int32), astype(in[1], int32), {});
      return Arrays{add(astype(bits, float64), in[0])};
    };
    expect_transforms(name, fun, {values({2, 3}, 1, 1, 90), values({3}, 2, 1, 9)});
  }
  expect_transforms("bitwise_invert",
                    [](const Arrays& in) {
                      return Arrays{astype(bitwise_invert(astype(in[0], int32)), float64)};
                    },
                    {values({2, 3}, 1, 1, 90)});
}

TEST(TransformsOfElementwise, Casts) {
  const auto through = [](Dtype dtype) {
    return [dtype](const Arrays& in) { return Arrays{astype(astype(in[0], dtype), float64)}; };
  };
  for (const Dtype dtype : {float16, float32, complex64}) {
    const auto fun = [&](const array& a) { return astype(astype(a, dtype), float32); };
    const array a({1.0f, 2.0f}), c({0.5f, -4.0f});
    EXPECT_TRUE(array_equal(vjp(fun, a, c).second, c).item<bool>());
    EXPECT_TRUE(array_equal(jvp(fun, a, c).second, c).item<bool>());
    expect_vmap("astype", through(dtype), {values({2, 3}, 1)});
  }
  const array x({0.3f, 1.7f}), ones = ones_like(x);
  for (const Dtype dtype : {int32, bool_}) {
    const auto steps = [&](const array& a) { return astype(astype(a, dtype), float32); };
    EXPECT_EQ(sum(abs(vjp(steps, x, ones).second)).item<float>(), 0);
    EXPECT_EQ(sum(abs(jvp(steps, x, ones).second)).item<float>(), 0);
  }
}

// Where a formula would divide by zero or subtract infinities

void expect_gradient(const ArrayFunction& fun, const Arrays& at, const std::vector<float>& want) {
  const Arrays got = vjp(fun, at, {ones_like(fun(at)[0])}).second;
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_FLOAT_EQ(got[i].item<float>(), want[i]) << i;
}

TEST(TransformsOfElementwise, PowerOfZero) {
  const ArrayFunction raised = [](const Arrays& in) { return Arrays{power(in[0], in[1])}; };
  expect_gradient(raised, {array(0.0f), array(2.0f)}, {0, 0});
  expect_gradient(raised, {array(0.0f), array(1.0f)}, {1, 0});
  expect_gradient(raised, {array(0.0f), array(0.0f)}, {0, 0});
  expect_gradient(raised, {array(3.0f), array(0.0f)}, {0, std::log(3.0f)});
  const auto cube = [](const array& x) { return power(x, array(3.0f)); };
  EXPECT_FLOAT_EQ(grad(grad(cube))(array(-2.0f)).item<float>(), -12);
  EXPECT_FLOAT_EQ(grad(grad(cube))(array(0.0f)).item<float>(), 0);
}

TEST(TransformsOfElementwise, PowerOfIntegers) {
  const ArrayFunction raised = [](const Arrays& in) { return Arrays{power(in[0], in[1])}; };
  const Arrays got = vjp(raised, {array(3), array(2)}, {array(1)}).second;
  EXPECT_EQ(got[0].dtype(), int32);
  EXPECT_EQ(got[0].item<int>(), 6);
  EXPECT_EQ(got[1].dtype(), int32);
  EXPECT_EQ(got[1].item<int>(), 0);
}

TEST(TransformsOfElementwise, LogAddExpOfInfinities) {
  const float inf = std::numeric_limits<float>::infinity();
  const ArrayFunction fun = [](const Arrays& in) { return Arrays{logaddexp(in[0], in[1])}; };
  expect_gradient(fun, {array(-inf), array(-inf)}, {0.5f, 0.5f});
  expect_gradient(fun, {array(1.0f), array(-inf)}, {1, 0});
  expect_gradient(fun, {array(inf), array(2.0f)}, {1, 0});
  expect_gradient(fun, {array(0.0f), array(0.0f)}, {0.5f, 0.5f});
}

TEST(TransformsOfElementwise, TiesGoToTheSecond) {
  for (const Binary op : {Binary(maximum), Binary(minimum)}) {
    const ArrayFunction fun = [&](const Arrays& in) { return Arrays{op(in[0], in[1], {})}; };
    expect_gradient(fun, {array(1.0f), array(1.0f)}, {0, 1});
  }
}

TEST(TransformsOfElementwise, KeepTheDtype) {
  for (const Dtype dtype : {float16, bfloat16, float32}) {
    for (const UnaryCase& c : unary_cases()) {
      const auto fun = [&](const array& x) { return c.op(x, {}); };
      const array x = astype(values({3}, 1, c.low, c.high), dtype);
      const auto [y, gradient] = vjp(fun, x, ones_like(x));
      EXPECT_EQ(gradient.dtype(), dtype) << c.name;
      EXPECT_TRUE(all(isfinite(gradient)).item<bool>()) << c.name;
      EXPECT_EQ(jvp(fun, x, ones_like(x)).second.dtype(), y.dtype()) << c.name;
    }
  }
}

TEST(TransformsOfElementwise, OfBoolAreZero) {
  const ArrayFunction fun = [](const Arrays& in) { return Arrays{subtract(in[0], in[1])}; };
  const Arrays got = vjp(fun, {array(true), array(true)}, {array(true)}).second;
  for (const array& g : got) {
    EXPECT_EQ(g.dtype(), bool_);
    EXPECT_FALSE(g.item<bool>());
  }
}

// Complex numbers: the gradient g of a function to f, for the cotangent c, has Re(conj(g) dz) =
// Re(conj(c) df).

array complex_values(Shape shape, uint64_t seed, float offset = 0) {
  const array re = astype(values(shape, seed, 0.2, 0.8), complex64);
  const array im = astype(values(shape, seed + 50, 0.2, 0.8), complex64);
  const array turned = multiply(im, array(complex64_t(0, 1)));
  return add(add(re, turned), array(complex64_t(offset, 0)));
}

double product(const array& a, const array& b) {
  return sum(real(multiply(conjugate(astype(a, complex64)), b))).item<double>();
}

void expect_complex_gradient(const std::string& name, const ArrayFunction& fun, const Arrays& at) {
  SCOPED_TRACE(name);
  Arrays direction, above, below;
  const array step(complex64_t(1e-2f, 0));
  for (size_t i = 0; i < at.size(); ++i) {
    const bool is_complex = at[i].dtype() == complex64;
    const array d = complex_values(at[i].shape(), 7 + i);
    direction.push_back(is_complex ? d : real(d));
    const array moved = multiply(direction[i], is_complex ? step : array(1e-2f));
    above.push_back(add(at[i], moved));
    below.push_back(subtract(at[i], moved));
  }
  const array y = fun(at)[0];
  const array difference = divide(subtract(fun(above)[0], fun(below)[0]), array(2e-2f));
  const array tangent = jvp(fun, at, direction).second[0];
  ASSERT_EQ(tangent.dtype(), y.dtype());
  EXPECT_TRUE(allclose(tangent, difference, 2e-2, 2e-3).item<bool>());
  const array c = complex_values(y.shape(), 31);
  const array cotangent = y.dtype() == complex64 ? c : real(c);
  const Arrays gradients = vjp(fun, at, {cotangent}).second;
  double pulled = 0;
  for (size_t i = 0; i < at.size(); ++i) {
    ASSERT_EQ(gradients[i].dtype(), at[i].dtype());
    pulled += product(gradients[i], direction[i]);
  }
  EXPECT_NEAR(pulled, product(cotangent, tangent), 1e-4 * (1 + std::abs(pulled)));
}

TEST(TransformsOfElementwise, OfComplexNumbers) {
  for (const UnaryCase& c : unary_cases()) {
    const std::string name = c.name;
    if (name == "floor" || name == "ceil" || name == "trunc" || name == "round" || name == "erf" ||
        name == "erfinv" || name == "degrees" || name == "radians") {
      continue;  // not of complex numbers
    }
    expect_complex_gradient(name, [&](const Arrays& in) { return Arrays{c.op(in[0], {})}; },
                            {complex_values({4}, 3)});
  }
  const std::vector<std::pair<const char*, Binary>> binary = {
      {"add", add},     {"subtract", subtract}, {"multiply", multiply},   {"divide", divide},
      {"power", power}, {"maximum", maximum},   {"logaddexp", logaddexp}, {"minimum", minimum}};
  for (const auto& [name, op] : binary) {
    const auto fun = [&, op = op](const Arrays& in) { return Arrays{op(in[0], in[1], {})}; };
    expect_complex_gradient(name, fun, {complex_values({4}, 3), complex_values({4}, 5, 0.3f)});
    expect_complex_gradient(name, fun,
                            {complex_values({4}, 3), real(complex_values({4}, 5, 0.3f))});
  }
  expect_complex_gradient(
      "where", [](const Arrays& in) { return Arrays{where(greater(in[0], in[1]), in[0], in[1])}; },
      {complex_values({4}, 3), complex_values({4}, 5)});
}

TEST(TransformsOfElementwise, SignOfNothingHasNoSlope) {
  const auto fun = [](const array& z) { return sign(z); };
  const array zero(complex64_t(0, 0)), one(complex64_t(1, 0));
  const complex64_t got = vjp(fun, zero, one).second.item<complex64_t>();
  EXPECT_EQ(got, complex64_t(0, 0));
}

}  // namespace
}  // namespace quern::tests
