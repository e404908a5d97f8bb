#include "engine/ops/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

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

/// The variance of the middle axis of a row-major [outer, n, inner] array, twice over it in
/// float64.
std::vector<double> variances(const std::vector<double>& x, size_t outer, size_t n, size_t inner,
                              size_t ddof) {
  std::vector<double> result;
  for (size_t o = 0; o < outer; ++o) {
    for (size_t k = 0; k < inner; ++k) {
      double mean = 0, squares = 0;
      for (size_t i = 0; i < n; ++i) mean += x[(o * n + i) * inner + k] / double(n);
      for (size_t i = 0; i < n; ++i) squares += std::pow(x[(o * n + i) * inner + k] - mean, 2);
      result.push_back(squares / double(n - ddof));
    }
  }
  return result;
}

TEST(Reduce, VariancesAgreeWithFloat64WhateverTheShapeAndTheMean) {
  for (const auto& [outer, n, inner] : std::vector<std::tuple<int, int, int>>{{70, 5, 1},
                                                                              {9, 100, 1},
                                                                              {3, 5000, 1},
                                                                              {1, 200'001, 1},
                                                                              {1, 1003, 3},
                                                                              {5, 37, 70},
                                                                              {1, 9000, 100},
                                                                              {2, 300, 5001}}) {
    for (const double mean : {0.0, 1000.0}) {
      for (const Dtype dtype : {float64, float32, bfloat16, float16}) {
        if (dtype.size() == 2 && mean != 0) continue;  // its grid would be all that is left of x
        const array x =
            astype(add(random_array({outer, n, inner}, -1, 1), array(float(mean))), dtype);
        const std::vector<double> want =
            variances(values(x), size_t(outer), size_t(n), size_t(inner), 2);
        const array narrow = var(x, 1, false, 2);
        EXPECT_EQ(narrow.dtype(), dtype);
        const std::vector<double> got = values(narrow);
        const double tolerance = dtype == float64    ? 1e-9
                                 : dtype == float32  ? 2e-6
                                 : dtype == bfloat16 ? 4e-3
                                                     : 5e-4;
        for (size_t i = 0; i < want.size(); ++i)
          ASSERT_NEAR(got[i], want[i], tolerance * want[i]) << n << " " << inner << " " << i;
      }
    }
  }
}

TEST(Reduce, VariancesOverAnyAxesOfAnyLayout) {
  const array a = random_array({6, 50, 7, 30}, 3, 4);
  for (const std::vector<int>& axes : {std::vector{0}, {1}, {2, 3}, {0, 2}, {1, 3}, {0, 1, 2, 3}}) {
    for (const array& x : {a, transpose(a), slice(a, {1, 0, 0, 3}, {6, 50, 7, 30}, {1, 3, 2, 2})}) {
      EXPECT_TRUE(allclose(var(x, axes), astype(var(astype(x, float64), axes), float32), 2e-6, 0)
                      .item<bool>());
    }
  }
  EXPECT_NEAR(var(array({1, 2, 3, 4, 5})).item<float>(), 2, 1e-6);
  EXPECT_TRUE(std::isnan(var(array({1.0f}), 0, false, 1).item<float>()));
  EXPECT_TRUE(std::isnan(var(array({1.0f, INFINITY, 2.0f})).item<float>()));
}

TEST(Reduce, EqualElementsDoNotVary) {
  for (const Shape& shape : {Shape{5000, 1}, Shape{4999, 33}, Shape{12, 1}}) {
    const array x = contiguous(broadcast_to(array(0.1f), shape));
    EXPECT_EQ(max(var(x, 0)).item<float>(), 0);
    EXPECT_EQ(max(var(contiguous(transpose(x)), 1)).item<float>(), 0);
  }
}

TEST(Reduce, SumsAndExtremaOfColumnsOfAnyWidth) {
  for (const auto& [n, width] : std::vector<std::pair<int, int>>{
           {1, 9}, {1000, 3}, {77, 64}, {300, 1000}, {130, 4099}, {5, 20'000}}) {
    for (const Dtype dtype : {float32, float16, bfloat16, int32}) {
      const array a = astype(random_array({n, width}, -50, 50), dtype);
      const std::vector<double> x = values(a), sums = values(sum(a, 0)), most = values(max(a, 0)),
                                least = values(min(a, 0)), first = values(argmax(a, 0));
      for (size_t k = 0; k < size_t(width); ++k) {
        double total = 0, size = 0;
        size_t largest = k, smallest = k;
        for (size_t i = k; i < x.size(); i += size_t(width)) {
          total += x[i];
          size += std::abs(x[i]);
          if (x[i] > x[largest]) largest = i;
          if (x[i] < x[smallest]) smallest = i;
        }
        const double precision = dtype == bfloat16 ? 4e-3 : dtype == float16 ? 5e-4 : 0;
        ASSERT_NEAR(sums[k], total, 1e-6 * size + precision * std::abs(total));
        ASSERT_EQ(most[k], x[largest]);
        ASSERT_EQ(least[k], x[smallest]);
        ASSERT_EQ(first[k], double(largest / size_t(width)));
      }
    }
  }
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
