#include "engine/ops/sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "engine/ops/comparison.h"
#include "tests/engine/ops/values.h"

namespace quern::tests {
namespace {

/// Few distinct values, so that ties are many; long enough for the radix sort.
array with_ties(int n) {
  std::vector<float> x = random_floats(size_t(n), -20, 20);
  for (float& v : x) v = std::round(v * 2) / 2;
  return array(x.begin(), {n});
}

TEST(Sort, ArgSortIsStableForEveryDtype) {
  for (const int n : {1, 2, 100, 5000}) {
    for (const Dtype dtype :
         {float32, float16, bfloat16, float64, int8, int16, int32, int64, complex64}) {
      const array a = astype(with_ties(n), dtype);
      const std::vector<double> x = values(astype(a, float32));
      std::vector<size_t> want(x.size());
      std::iota(want.begin(), want.end(), size_t(0));
      std::stable_sort(want.begin(), want.end(), [&](size_t i, size_t j) { return x[i] < x[j]; });
      const std::vector<double> got = values(argsort(a));
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_EQ(size_t(got[i]), want[i]) << dtype << " of " << n;
    }
  }
}

TEST(Sort, ZerosOfBothSignsAreEqualAndNaNIsLast) {
  const array a({0.0f, -0.0f, NAN, -1.0f, INFINITY});
  EXPECT_EQ(values(argsort(a)), (std::vector<double>{3, 0, 1, 4, 2}));
  EXPECT_TRUE(std::isnan(values(sort(a)).back()));
}

TEST(Sort, RowsOfAnyAxis) {
  const array a = random_array({40, 60}, -1, 1);
  const array by_column = sort(a, 0), by_row = transpose(sort(transpose(a), 1));
  EXPECT_TRUE(array_equal(by_column, by_row).item<bool>());
  std::vector<double> column = values(slice(a, {0, 7}, {40, 8}));
  std::sort(column.begin(), column.end());
  EXPECT_EQ(values(slice(by_column, {0, 7}, {40, 8})), column);
}

TEST(Sort, TopKIsTheEndOfTheSortedRow) {
  const array a = random_array({20, 3000}, -1, 1);
  const array best = sort(topk(a, 50, 1), 1), all = sort(a, 1);
  EXPECT_TRUE(array_equal(best, slice(all, {0, 2950}, {20, 3000})).item<bool>());
  EXPECT_EQ(topk(a, 0, 1).shape(), (Shape{20, 0}));
  EXPECT_THROW(topk(a, 3001, 1), std::invalid_argument);
}

TEST(Sort, SearchSortedFindsBothEndsOfARun) {
  const array sequence({1, 3, 3, 3, 8}, int32), wanted({0, 3, 4, 9}, int32);
  EXPECT_EQ(values(searchsorted(sequence, wanted)), (std::vector<double>{0, 1, 4, 5}));
  EXPECT_EQ(values(searchsorted(sequence, wanted, "right")), (std::vector<double>{0, 4, 4, 5}));
}

}  // namespace
}  // namespace quern::tests
