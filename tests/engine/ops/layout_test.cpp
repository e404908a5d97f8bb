#include "engine/ops/shape.h"

#include <gtest/gtest.h>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"

namespace quern {
namespace {

/// The elements in row-major order, as the indices say, of a [2, 70, 100] array with its axes
/// permuted.
std::vector<int64_t> permuted(const std::vector<int>& axes) {
  const int shape[3] = {2, 70, 100};
  std::vector<int64_t> out;
  int i[3];
  for (i[0] = 0; i[0] < shape[axes[0]]; ++i[0]) {
    for (i[1] = 0; i[1] < shape[axes[1]]; ++i[1]) {
      for (i[2] = 0; i[2] < shape[axes[2]]; ++i[2]) {
        int at[3];
        for (int k = 0; k < 3; ++k) at[axes[size_t(k)]] = i[k];
        out.push_back((at[0] * shape[1] + at[1]) * shape[2] + at[2]);
      }
    }
  }
  return out;
}

TEST(Layout, TransposedCopiesOfEveryOrderAndWidth) {
  const array a = reshape(arange(0, 14000), {2, 70, 100});
  for (const Dtype dtype : {int16, float32, int64}) {
    for (const std::vector<int>& axes :
         std::vector<std::vector<int>>{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
      array copied = astype(contiguous(transpose(astype(a, dtype), axes)), int64);
      copied.eval();
      ASSERT_TRUE(copied.flags().row_contiguous);
      const std::vector<int64_t> want = permuted(axes);
      EXPECT_TRUE(std::equal(want.begin(), want.end(), copied.data<int64_t>()))
          << dtype_name(dtype);
    }
  }
}

TEST(Layout, ReversedAndSteppedSlicesOfATransposition) {
  const array a = transpose(reshape(arange(0, 5000), {50, 100}));
  array part = contiguous(slice(a, {99, 1}, {-101, 50}, {-2, 3}));
  part.eval();
  EXPECT_EQ(part.shape(), (Shape{50, 17}));
  for (int i = 0; i < 50; ++i) {
    for (int j = 0; j < 17; ++j) {
      ASSERT_EQ(part.data<int32_t>()[i * 17 + j], (1 + 3 * j) * 100 + 99 - 2 * i);
    }
  }
}

TEST(Layout, ReshapesOfViewsShareMemoryWhereStridesCanSayIt) {
  array a = reshape(arange(0, 24), {2, 3, 4});
  a.eval();
  array merged = reshape(slice(a, {0, 0, 0}, {2, 3, 2}), {6, 2});
  merged.eval();
  EXPECT_EQ(merged.buffer(), a.buffer());
  array mixed = reshape(transpose(a, {0, 2, 1}), {2, 12});
  mixed.eval();
  EXPECT_NE(mixed.buffer(), a.buffer());
  EXPECT_EQ(mixed.data<int32_t>()[1], 4);
}

}  // namespace
}  // namespace quern
