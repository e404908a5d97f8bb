#include "engine/ops/scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "tests/engine/ops/values.h"

namespace quern::tests {
namespace {

/// Sums of a row-major [outer, n, inner] array along its middle axis, in float64.
std::vector<double> sums(const std::vector<double>& x, size_t outer, size_t n, size_t inner,
                         bool reverse, bool inclusive) {
  std::vector<double> out(x.size());
  for (size_t o = 0; o < outer; ++o) {
    for (size_t k = 0; k < inner; ++k) {
      double sum = 0;
      for (size_t i = 0; i < n; ++i) {
        const size_t at = (o * n + (reverse ? n - 1 - i : i)) * inner + k;
        out[at] = inclusive ? sum + x[at] : sum;
        sum += x[at];
      }
    }
  }
  return out;
}

TEST(Scan, LongAndShortLinesInBothDirections) {
  for (const auto& [outer, n, inner] : std::vector<std::tuple<int, int, int>>{{1, 1, 1},
                                                                              {7, 5, 1},
                                                                              {3, 1000, 1},
                                                                              {1, 50'001, 1},
                                                                              {2, 12'288, 1},
                                                                              {70, 5000, 1},
                                                                              {1, 300, 5},
                                                                              {2, 40, 700}}) {
    const array a = random_array({outer, n, inner}, -1, 1);
    for (const bool reverse : {false, true}) {
      for (const bool inclusive : {false, true}) {
        const std::vector<double> got = values(cumsum(a, 1, reverse, inclusive));
        const std::vector<double> want =
            sums(values(a), size_t(outer), size_t(n), size_t(inner), reverse, inclusive);
        for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-5 * n) << i;
      }
    }
  }
}

TEST(Scan, HalvesAreSummedInFloat32AndRoundedOnce) {
  for (const Dtype dtype : {float16, bfloat16}) {
    for (const auto& [outer, n, inner] :
         std::vector<std::tuple<int, int, int>>{{3, 333, 1}, {1, 40'000, 1}, {2, 41, 130}}) {
      const array a = astype(random_array({outer, n, inner}, 0, 1), dtype);
      for (const bool reverse : {false, true}) {
        const std::vector<double> got = values(cumsum(a, 1, reverse));
        const std::vector<double> want =
            sums(values(a), size_t(outer), size_t(n), size_t(inner), reverse, true);
        const double precision = dtype == bfloat16 ? 0x1.01p-8 : 0x1.01p-11;
        for (size_t i = 0; i < want.size(); ++i)
          ASSERT_NEAR(got[i], want[i], precision * want[i] + 1e-5) << i;
      }
    }
  }
}

TEST(Scan, WhatIsTooLargeForCachesIsTheSame) {
  const int n = 2912;  // squared, 32 MB and more
  const array ones = full({n, n}, 1.0f), counts = arange(1, n + 1, float32);
  EXPECT_TRUE(array_equal(cumsum(ones, 1), broadcast_to(counts, {n, n})).item<bool>());
  EXPECT_TRUE(
      array_equal(cumsum(ones, 0), broadcast_to(reshape(counts, {n, 1}), {n, n})).item<bool>());
  EXPECT_TRUE(array_equal(cumsum(flatten(ones), 0), arange(1, n * n + 1, float32)).item<bool>());
}

TEST(Scan, NaNStaysFromWhereItIs) {
  std::vector<float> x(200, 1.0f);
  x[77] = NAN;
  const array a(x.begin(), {200});
  for (const array& scanned : {cumsum(a, 0), cummax(a, 0), cummin(a, 0)}) {
    const std::vector<double> got = values(scanned);
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(std::isnan(got[i]), i >= 77) << i;
  }
}

TEST(Scan, TheLargestSoFarOfALongLine) {
  const array a = random_array({30'000}, -1, 1);
  const std::vector<double> x = values(a), got = values(cummax(a, 0)),
                            least = values(cummin(a, 0, true));
  double most = -INFINITY;
  for (size_t i = 0; i < x.size(); ++i) {
    most = std::max(most, x[i]);
    ASSERT_EQ(got[i], most);
  }
  double fewest = INFINITY;
  for (size_t i = x.size(); i-- > 0;) {
    fewest = std::min(fewest, x[i]);
    ASSERT_EQ(least[i], fewest);
  }
}

TEST(Scan, IntegersWrapInLongLines) {
  const array sums = cumsum(full({20'000}, 1'000'000, int32), 0);
  const std::vector<double> got = values(sums);
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(int32_t(got[i]), int32_t(uint32_t(i + 1) * 1'000'000u));
}

}  // namespace
}  // namespace quern::tests
