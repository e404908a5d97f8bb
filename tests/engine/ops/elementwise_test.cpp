#include <gtest/gtest.h>

#include <functional>

#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/bitwise.h"
#include "engine/ops/comparison.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/values.h"

namespace quern::tests {
namespace {

TEST(Elementwise, EveryPairOfLayoutsGivesTheSameSums) {
  const array a = random_array({37, 53}, -4, 4), b = random_array({37, 53}, -4, 4, 2);
  for (const Dtype dtype :
       {float32, float16, bfloat16, float64, int32, int8, uint16, int64, complex64}) {
    const array x = astype(a, dtype), y = astype(b, dtype);
    const std::vector<double> want_x = values(x), want_y = values(y);
    for (const array& left : layouts(x)) {
      for (const array& right : layouts(y)) {
        const std::vector<double> got = values(astype(left, float64) + astype(right, float64));
        const array same = array_equal(left + right, x + y);
        EXPECT_TRUE(same.item<bool>()) << dtype;
        for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], want_x[i] + want_y[i]) << dtype;
      }
    }
  }
}

TEST(Elementwise, BroadcastsRowsColumnsAndScalarsOverManyTiles) {
  const int rows = 301, columns = 1217;  // neither divides a tile
  const array a = random_array({rows, columns}, -1, 1);
  const array row = random_array({columns}, -1, 1, 2), column = random_array({rows, 1}, -1, 1, 3);
  const std::vector<double> got = values(a * row + column - 0.5f);
  const std::vector<double> x = values(a), r = values(row), c = values(column);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      const size_t at = size_t(i * columns + j);
      const float product = float(x[at]) * float(r[size_t(j)]);
      const float want = product + float(c[size_t(i)]) - 0.5f;
      ASSERT_EQ(got[at], double(want));
    }
  }
}

TEST(Elementwise, HalfDtypesComputeInFloat32AndRoundOnce) {
  const array a = random_array({1000}, -100, 100), b = random_array({1000}, -3, 3, 2);
  for (const Dtype dtype : {float16, bfloat16}) {
    const array x = astype(a, dtype), y = astype(b, dtype);
    const array wide = astype(astype(x, float32) * astype(y, float32), dtype);
    EXPECT_TRUE(array_equal(x * y, wide).item<bool>());
    EXPECT_TRUE(array_equal(exp(y), astype(exp(astype(y, float32)), dtype)).item<bool>());
  }
}

TEST(Elementwise, AnInputThatNobodyElseHoldsGivesItsMemory) {
  array a = contiguous(broadcast_to(array(1.0f), {1 << 18}));
  a.eval();
  reset_peak_memory();
  const size_t before = get_peak_memory();
  for (int i = 0; i < 20; ++i) a = exp(a * 0.5f - 1.0f);
  a.eval();
  EXPECT_LT(get_peak_memory() - before, a.nbytes() / 2);
}

TEST(Elementwise, AnInputThatIsHeldKeepsItsValues) {
  const array a = random_array({5000}, 0, 1);
  const std::vector<double> before = values(a);
  array b = a + 1.0f;
  b = b * a;
  b.eval();
  EXPECT_EQ(values(a), before);
}

TEST(Elementwise, ADenseTransposedLayoutIsKept) {
  array a = transpose(random_array({30, 40}, 0, 1));
  array b = exp(a) + a;
  b.eval();
  EXPECT_EQ(b.strides(), (Strides{1, 40}));
}

TEST(Elementwise, EmptyArraysAndScalars) {
  EXPECT_EQ(values(broadcast_to(array(2.0f), {0, 3}) + array({1.0f, 2.0f, 3.0f})).size(), 0u);
  EXPECT_TRUE(values(exp(array(std::vector<float>{}.begin(), {0}))).empty());
  EXPECT_EQ((array(2.0f) * array(3.0f)).item<float>(), 6);
}

TEST(Elementwise, ScalarsPromoteAsArraysDo) {
  EXPECT_EQ((array(1, int32) + 2.5f).dtype(), float32);
  EXPECT_EQ((array(1.0f, bfloat16) * 2.0f).dtype(), float32);
  EXPECT_EQ((2 - array(1.0f, float16)).dtype(), float16);
  EXPECT_EQ((array(true) + array(true)).dtype(), bool_);
  EXPECT_EQ((array(3, int32) / 2).item<float>(), 1.5f);
}

TEST(Elementwise, IntegerDivisionFloorsAndHasNoUndefinedCases) {
  const array a({7, -7, 7, -7, 5, INT32_MIN}, int32), b({2, 2, -2, -2, 0, -1}, int32);
  EXPECT_EQ(values(floor_divide(a, b)), (std::vector<double>{3, -4, -4, 3, 0, double(INT32_MIN)}));
  EXPECT_EQ(values(remainder(a, b)), (std::vector<double>{1, 1, -1, -1, 0, 0}));
}

TEST(Elementwise, IntegerPowersOfNegativeExponentsTruncate) {
  const array base({2, 1, -1, -1, 0}, int32), exponent({-1, -5, -3, -2, -1}, int32);
  EXPECT_EQ(values(power(base, exponent)), (std::vector<double>{0, 1, -1, 1, 0}));
}

TEST(Elementwise, ShiftsByTheWidthOrMoreShiftEverythingOut) {
  const array a({-5, 5, -5, 5}, int32), b({32, 40, 1, 31}, int32);
  EXPECT_EQ(values(left_shift(a, b)), (std::vector<double>{0, 0, -10, double(INT32_MIN)}));
  EXPECT_EQ(values(right_shift(a, b)), (std::vector<double>{-1, 0, -3, 0}));
}

TEST(Elementwise, MaximumAndMinimumPropagateNaN) {
  const float nan = NAN;
  const array a({nan, 1.0f, 2.0f}), b({1.0f, nan, 3.0f});
  EXPECT_EQ(values(isnan(maximum(a, b))), (std::vector<double>{1, 1, 0}));
  EXPECT_EQ(values(isnan(minimum(a, b))), (std::vector<double>{1, 1, 0}));
}

struct Function {
  const char* name;
  array (*op)(const array&, StreamOrDevice);
  double (*exact)(double);
  float low, high;
  double most_ulps;
};

class Float32Functions : public ::testing::TestWithParam<Function> {};

TEST_P(Float32Functions, AreAccurate) {
  const Function& f = GetParam();
  const std::vector<float> x = random_floats(100003, f.low, f.high);
  const std::vector<double> got = values(f.op(array(x.begin(), {int(x.size())}), {}));
  double worst = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(got[i], f.exact(double(x[i])));
    if (error > worst) worst = error, at = x[i];
  }
  EXPECT_LE(worst, f.most_ulps) << "at " << at;
}

double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double exact_rsqrt(double x) { return 1 / std::sqrt(x); }

INSTANTIATE_TEST_SUITE_P(
    Elementwise, Float32Functions,
    ::testing::Values(Function{"exp", exp, std::exp, -87, 88, 2},
                      Function{"exp_small", exp, std::exp, -1, 1, 2},
                      Function{"expm1", expm1, std::expm1, -10, 10, 2},
                      Function{"expm1_small", expm1, std::expm1, -1e-3f, 1e-3f, 2},
                      Function{"log", log, std::log, 0, 100, 2},
                      Function{"log_one", log, std::log, 0.9f, 1.1f, 2},
                      Function{"log1p", log1p, std::log1p, -0.9f, 5, 3},
                      Function{"log1p_small", log1p, std::log1p, -1e-3f, 1e-3f, 3},
                      Function{"sigmoid", sigmoid, exact_sigmoid, -20, 20, 3},
                      Function{"tanh", tanh, std::tanh, -5, 5, 4},
                      Function{"tanh_small", tanh, std::tanh, -1e-2f, 1e-2f, 4},
                      Function{"erf", erf, std::erf, -4, 4, 4},
                      Function{"erf_small", erf, std::erf, -1e-2f, 1e-2f, 3},
                      Function{"sqrt", sqrt, std::sqrt, 0, 1e6f, 1},
                      Function{"rsqrt", rsqrt, exact_rsqrt, 1e-3f, 1e6f, 2},
                      Function{"sin", sin, std::sin, -3, 3, 2},
                      Function{"cos", cos, std::cos, -1.5f, 1.5f, 2}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Elementwise, SineAndCosineOfLargeAnglesKeepTheirAbsoluteAccuracy) {
  for (const float bound : {100.0f, 1e4f, 1e6f, 1e9f}) {
    const std::vector<float> x = random_floats(10000, -bound, bound);
    const array a(x.begin(), {int(x.size())});
    const std::vector<double> s = values(sin(a)), c = values(cos(a));
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(s[i], std::sin(double(x[i])), 1.5e-7) << x[i];
      ASSERT_NEAR(c[i], std::cos(double(x[i])), 1.5e-7) << x[i];
    }
  }
}

TEST(Elementwise, ErfInverseUndoesErf) {
  const array x = random_array({20000}, -0.9999f, 0.9999f);
  const std::vector<double> y = values(x), single = values(erfinv(x)),
                            twice = values(erfinv(astype(x, float64)));
  for (size_t i = 0; i < y.size(); ++i) {
    ASSERT_NEAR(std::erf(twice[i]), y[i], 1e-14);
    ASSERT_NEAR(single[i], twice[i], 2e-6 * (1 + std::fabs(twice[i])));
  }
}

TEST(Elementwise, ExponentialsReachTheDenormalsAndInfinity) {
  const std::vector<double> got =
      values(exp(array({-103.0f, -88.0f, -104.5f, 88.7f, 88.8f, -INFINITY, INFINITY})));
  EXPECT_NEAR(got[0], std::exp(-103.0), 1.5e-45);
  EXPECT_NEAR(got[1], std::exp(-88.0), 3e-45);
  EXPECT_EQ(got[2], 0);
  EXPECT_NEAR(got[3] / std::exp(double(88.7f)), 1, 3e-7);
  EXPECT_EQ(got[4], INFINITY);
  EXPECT_EQ(got[5], 0);
  EXPECT_EQ(got[6], INFINITY);
}

}  // namespace
}  // namespace quern::tests
