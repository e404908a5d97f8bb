#include "engine/ops/sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/graph/eval.h"
#include "engine/ops/comparison.h"
#include "engine/ops/indexing.h"
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

/// Numbers of every size and sign that a dtype has.
array of_all_kinds(int n, Dtype dtype) {
  std::mt19937_64 random(5);
  std::vector<uint64_t> bits(size_t(n) * dtype.size() / 8);
  for (uint64_t& b : bits) b = random();
  const array all = array(bits.begin(), {int(bits.size())}, uint64);
  return dtype == uint64 ? all : view(all, dtype);
}

/// As std::sort does it in float64 (which holds the integers here up to the last bits).
template <typename T>
void expect_sorted_as_by_std(const array& a) {
  array dense = contiguous(a), got = sort(a), order = argsort(a);
  eval(dense, got, order);
  std::vector<T> want(dense.data<T>(), dense.data<T>() + dense.size());
  const auto before = [](T x, T y) { return x < y || (y != y && x == x); };
  std::stable_sort(want.begin(), want.end(), before);
  for (size_t i = 0; i < want.size(); ++i) {
    const T x = got.data<T>()[i], y = dense.data<T>()[order.data<uint32_t>()[i]];
    ASSERT_TRUE(x == want[i] || (x != x && want[i] != want[i])) << i << " of " << want.size();
    ASSERT_TRUE(y == want[i] || (y != y && want[i] != want[i])) << i << " of " << want.size();
  }
}

TEST(Sort, NumbersOfEveryKindInShortAndLongRows) {
  for (const int n : {8, 64, 1000, 200'000}) {
    expect_sorted_as_by_std<float>(of_all_kinds(n, float32));
    expect_sorted_as_by_std<double>(of_all_kinds(n, float64));
    expect_sorted_as_by_std<int8_t>(of_all_kinds(n, int8));
    expect_sorted_as_by_std<uint16_t>(of_all_kinds(n, uint16));
    expect_sorted_as_by_std<int16_t>(of_all_kinds(n, int16));
    expect_sorted_as_by_std<int32_t>(of_all_kinds(n, int32));
    expect_sorted_as_by_std<uint64_t>(of_all_kinds(n, uint64));
    expect_sorted_as_by_std<int64_t>(of_all_kinds(n, int64));
  }
  expect_sorted_as_by_std<float>(astype(of_all_kinds(5000, bfloat16), float32));
}

TEST(Sort, HalfDtypesSortAsTheirValues) {
  for (const Dtype dtype : {float16, bfloat16}) {
    const array a = of_all_kinds(100'000, dtype);
    const std::vector<double> got = values(sort(a)), want = values(sort(astype(a, float64)));
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_TRUE(got[i] == want[i] || std::isnan(want[i])) << i;
  }
}

TEST(Sort, PartitionsOfEveryLengthSplitAtThePlace) {
  for (const int n : {5, 3000, 50'000}) {
    for (const Dtype dtype : {float32, int16, int8, int64, float64}) {
      const array a = astype(random_array({n}, -100, 100), dtype);
      const std::vector<double> all = values(sort(a));
      for (const int k : {0, n / 3, n - 1}) {
        const std::vector<double> got = values(partition(a, k));
        const std::vector<double> by_place = values(take(a, argpartition(a, k), 0));
        for (const auto& split : {got, by_place}) {
          ASSERT_EQ(split[size_t(k)], all[size_t(k)]);
          ASSERT_LE(*std::max_element(split.begin(), split.begin() + k + 1), split[size_t(k)]);
          ASSERT_GE(*std::min_element(split.begin() + k, split.end()), split[size_t(k)]);
        }
        std::vector<double> same = got;
        std::sort(same.begin(), same.end());
        ASSERT_EQ(same, all);
      }
    }
  }
}

TEST(Sort, ManyShortRowsOfEveryDtype) {
  constexpr int rows = 70;  // no whole number of groups, whatever the width of a vector
  for (const int n : {1, 2, 7, 32, 100, 700}) {
    for (const Dtype dtype : {float32, float16, bfloat16, int8, uint16, int32, int64, float64}) {
      const array a = astype(reshape(with_ties(rows * n), {rows, n}), dtype);
      const std::vector<double> all = values(a), sorted = values(sort(a, -1)),
                                order = values(argsort(a, -1));
      const std::vector<double> parted = values(partition(a, n / 2, -1));
      for (size_t begin = 0; begin < all.size(); begin += size_t(n)) {
        std::vector<size_t> want(size_t(n), 0);
        std::iota(want.begin(), want.end(), begin);
        std::stable_sort(want.begin(), want.end(),
                         [&](size_t i, size_t j) { return all[i] < all[j]; });
        for (size_t i = 0; i < want.size(); ++i) {
          ASSERT_EQ(size_t(order[begin + i]), want[i] - begin) << dtype << " of " << n;
          ASSERT_EQ(sorted[begin + i], all[want[i]]) << dtype << " of " << n;
        }
        ASSERT_EQ(parted[begin + size_t(n) / 2], sorted[begin + size_t(n) / 2]);
      }
    }
  }
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
