#include "engine/ops/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/scan.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/values.h"

namespace quern::tests {
namespace {

TEST(Reduce, SumsOfAMillionFloatsAreGoodToSevenDigits) {
  const int n = 1 << 20;
  for (const Shape& shape : {Shape{n}, Shape{n / 8, 8}, Shape{8, n / 8}, Shape{n / 3000, 3000}}) {
    const array a = random_array(shape, 0, 1);
    const std::vector<double> x = values(a);
    const double want = std::accumulate(x.begin(), x.end(), 0.0);
    EXPECT_NEAR(sum(a).item<float>() / want, 1, 2e-7);
    if (shape.size() == 1) continue;
    const std::vector<double> columns = values(sum(a, 0)), rows = values(sum(a, 1));
    EXPECT_NEAR(std::accumulate(columns.begin(), columns.end(), 0.0) / want, 1, 2e-7);
    EXPECT_NEAR(std::accumulate(rows.begin(), rows.end(), 0.0) / want, 1, 2e-7);
  }
}

TEST(Reduce, EveryLayoutAndAxisGivesTheSame) {
  const array a = random_array({67, 131}, -9, 9);
  for (const Dtype dtype : {float32, float16, int32, int64, float64, uint8}) {
    const array x = astype(a, dtype);
    for (const array& same : layouts(x)) {
      for (const std::vector<int>& axes : {std::vector<int>{0}, {1}, {0, 1}}) {
        EXPECT_TRUE(array_equal(max(same, axes), max(x, axes)).item<bool>()) << dtype;
        EXPECT_TRUE(array_equal(min(same, axes), min(x, axes)).item<bool>()) << dtype;
        EXPECT_TRUE(allclose(sum(same, axes), sum(x, axes), 1e-5, 1e-4).item<bool>()) << dtype;
      }
      for (const int axis : {0, 1}) {
        EXPECT_TRUE(array_equal(argmax(same, axis), argmax(x, axis)).item<bool>()) << dtype;
        EXPECT_TRUE(array_equal(argmin(same, axis), argmin(x, axis)).item<bool>()) << dtype;
      }
    }
  }
}

TEST(Reduce, AgreesWithALoopOverSeveralAxes) {
  const array a = random_array({5, 70, 3, 40}, -1, 1);
  const std::vector<double> x = values(a);
  const std::vector<double> got = values(sum(a, std::vector<int>{1, 3}));
  const std::vector<double> largest = values(max(a, std::vector<int>{0, 2}));
  for (size_t i = 0; i < 5; ++i) {
    for (size_t k = 0; k < 3; ++k) {
      double want = 0;
      for (size_t j = 0; j < 70; ++j) {
        for (size_t l = 0; l < 40; ++l) want += x[((i * 70 + j) * 3 + k) * 40 + l];
      }
      EXPECT_NEAR(got[i * 3 + k], want, 2e-5);
    }
  }
  for (size_t j = 0; j < 70; ++j) {
    for (size_t l = 0; l < 40; ++l) {
      double want = -1;
      for (size_t i = 0; i < 5; ++i) {
        for (size_t k = 0; k < 3; ++k) want = std::max(want, x[((i * 70 + j) * 3 + k) * 40 + l]);
      }
      EXPECT_EQ(largest[j * 40 + l], want);
    }
  }
}

TEST(Reduce, BroadcastInputsAreCountedAsOftenAsTheyAppear) {
  const array a = broadcast_to(array({1.0f, 2.0f, 3.0f}), {1000, 3});
  EXPECT_EQ(values(sum(a, 0)), (std::vector<double>{1000, 2000, 3000}));
  EXPECT_EQ(sum(broadcast_to(array(1.0f), {3000, 3000})).item<float>(), 9e6f);
}

TEST(Reduce, ArgMaxFindsTheFirstOfEqualsAndTheFirstNaN) {
  std::vector<float> x(5000, 1.0f);
  x[3001] = x[4002] = 7;
  EXPECT_EQ(argmax(array(x.begin(), {5000})).item<int>(), 3001);
  x[4500] = x[4600] = NAN;
  EXPECT_EQ(argmax(array(x.begin(), {5000})).item<int>(), 4500);
  EXPECT_EQ(argmin(array(x.begin(), {5000})).item<int>(), 4500);
  EXPECT_EQ(argmax(array({-INFINITY, -INFINITY})).item<int>(), 0);
}

TEST(Reduce, HalfMeansAndVariancesDoNotOverflow) {
  const array a = broadcast_to(array(300.0f, float16), {4096});
  EXPECT_EQ(mean(a).item<float>(), 300);
  EXPECT_EQ(var(a).item<float>(), 0);
  EXPECT_EQ(mean(a).dtype(), float16);
}

TEST(Reduce, NaNAnywhereIsTheMaximum) {
  std::vector<float> x(4000, 0.0f);
  for (const size_t at : {0u, 1u, 17u, 1023u, 1024u, 3999u}) {
    x[at] = NAN;
    EXPECT_TRUE(std::isnan(max(array(x.begin(), {4000})).item<float>())) << at;
    EXPECT_TRUE(std::isnan(values(min(array(x.begin(), {4, 1000}), 1))[at / 1000])) << at;
    x[at] = 0;
  }
}

TEST(Softmax, AgreesWithFloat64OverAnyAxis) {
  const array a = random_array({33, 2500}, -20, 20);
  for (const int axis : {0, 1}) {
    const std::vector<double> got = values(softmax(a, axis)),
                              want = values(softmax(astype(a, float64), axis));
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 5e-7 * want[i] + 1e-12);
    const std::vector<double> sums = values(logsumexp(a, axis)),
                              exact = values(logsumexp(astype(a, float64), axis));
    for (size_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(sums[i], exact[i], 2e-6);
  }
  for (const Dtype dtype : {float16, bfloat16}) {
    const array x = astype(a, dtype);
    EXPECT_TRUE(
        array_equal(softmax(x, 1), astype(softmax(astype(x, float32), 1), dtype)).item<bool>());
  }
}

TEST(Softmax, FromFloat64Definition) {
  const std::vector<double> got = values(softmax(array({1.0f, 2.0f, 4.0f})));
  const double total = std::exp(1.0) + std::exp(2.0) + std::exp(4.0);
  EXPECT_NEAR(got[0], std::exp(1.0) / total, 1e-8);
  EXPECT_NEAR(got[2], std::exp(4.0) / total, 1e-7);
}

TEST(Scan, RunsAlongAnyAxisBothWays) {
  const array a = random_array({3, 400, 300}, -1, 1);
  const std::vector<double> x = values(a), got = values(cumsum(a, 1)),
                            back = values(cumsum(a, 1, true, false));
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = 0; k < 300; ++k) {
      double sum = 0, rest = 0;
      for (size_t j = 0; j < 400; ++j) {
        sum += x[(i * 400 + j) * 300 + k];
        ASSERT_NEAR(got[(i * 400 + j) * 300 + k], sum, 1e-5);
        const size_t mirrored = (i * 400 + (399 - j)) * 300 + k;
        ASSERT_NEAR(back[mirrored], rest, 1e-5);
        rest += x[mirrored];
      }
    }
  }
}

}  // namespace
}  // namespace quern::tests
