#include "engine/ops/shape.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
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

// Large enough that what is written goes past the caches.

TEST(Layout, LargeCopiesOfEveryLayout) {
  const int rows = 2050, columns = 4160;
  const array a = reshape(arange(0, rows * columns, int32), {rows, columns});
  const auto expect = [&](const array& copied, auto&& want, const char* what) {
    array dense = contiguous(copied);
    dense.eval();
    const int64_t width = dense.shape(1);
    for (int64_t i = 0; i < dense.shape(0); i += 7) {
      for (int64_t j = 0; j < width; ++j)
        ASSERT_EQ(dense.data<int32_t>()[i * width + j], want(i, j)) << what << i << ", " << j;
    }
  };
  expect(
      transpose(a), [&](int64_t i, int64_t j) { return j * columns + i; }, "transposed ");
  expect(
      slice(a, {0, 1}, {rows, columns}), [&](int64_t i, int64_t j) { return i * columns + j + 1; },
      "sliced ");
  expect(
      slice(a, {0, 0}, {rows, columns - 16}), [&](int64_t i, int64_t j) { return i * columns + j; },
      "rows of lines ");
  expect(
      reshape(transpose(reshape(a, {rows, columns / 64, 64}), {1, 0, 2}),
              {rows * columns / 64, 64}),
      [&](int64_t i, int64_t j) { return i % rows * columns + i / rows * 64 + j; }, "swapped ");
  expect(
      slice(concatenate({a, a}, 1), {0, 1}, {rows, 2 * columns}, {1, 2}),
      [&](int64_t i, int64_t j) { return i * columns + (2 * j + 1) % columns; }, "every second ");
  expect(
      broadcast_to(array(5), {rows, columns}), [](int64_t, int64_t) { return 5; }, "filled ");
  expect(
      astype(astype(a, float32), int32),
      [&](int64_t i, int64_t j) { return int32_t(float(i * columns + j)); }, "converted ");
  expect(
      add(a, a), [&](int64_t i, int64_t j) { return 2 * (i * columns + j); }, "computed ");
  expect(
      add(a, slice(a, {0, 0}, {1, columns})),
      [&](int64_t i, int64_t j) { return i * columns + 2 * j; }, "broadcast ");
}

TEST(Layout, TransposedBytes) {
  const array a = astype(reshape(arange(0, 100 * 77), {100, 77}), uint8);
  array turned = contiguous(transpose(a));
  turned.eval();
  for (int i = 0; i < 77; ++i) {
    for (int j = 0; j < 100; ++j)
      ASSERT_EQ(turned.data<uint8_t>()[i * 100 + j], uint8_t(j * 77 + i));
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

TEST(Layout, SteppedRowsOfEveryWidth) {
  for (const Dtype dtype : {uint8, int16, int32, int64}) {
    for (const int step : {1, 2, 3, -1, -2}) {
      const int length = 1003, first = step > 0 ? 0 : length - 1;
      const array a = astype(reshape(arange(0, 3 * length), {3, length}), dtype);
      const array part = slice(a, {0, first}, {3, step > 0 ? length : -length - 1}, {1, step});
      array copied = astype(contiguous(part), int64), all = astype(a, int64);
      eval(copied, all);
      const int width = (length - 1) / std::abs(step) + 1;
      ASSERT_EQ(copied.shape(), (Shape{3, width}));
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < width; ++j) {
          ASSERT_EQ(copied.data<int64_t>()[i * width + j],
                    all.data<int64_t>()[i * length + first + j * step])
              << dtype_name(dtype) << " by " << step;
        }
      }
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
