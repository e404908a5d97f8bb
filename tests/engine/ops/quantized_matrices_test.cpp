#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/ops/fast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/quantized.h"
#include "tests/engine/ops/reference.h"

// Products with several quantized matrices at a time: each as with that matrix alone, which
// quantized_test.cpp holds against float64.

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::random_array;

TEST(QuantizedMatrices, SeveralProductsAreThoseOfEach) {
  for (const Dtype dtype : {bfloat16, float32}) {
    for (const std::string mode : {"affine", "mxfp4"}) {
      // As queries, keys and values: of other heights, read by several threads.
      std::vector<fast::QuantizedMatrix> matrices;
      for (const int rows : {700, 3, 130}) {
        const auto q = quantize(random_array({rows, 256}, dtype, uint64_t(rows)), std::nullopt,
                                std::nullopt, mode);
        const bool affine = mode == "affine";
        matrices.push_back({q[0], q[1], affine ? std::optional(q[2]) : std::nullopt});
      }
      for (const int m : {1, 4, 40}) {
        SCOPED_TRACE(testing::Message() << mode << " " << m << " " << dtype_name(dtype));
        const array x = random_array({2, m, 256}, dtype, 6);
        const std::vector<array> out =
            fast::quantized_matmuls(x, matrices, std::nullopt, std::nullopt, mode);
        ASSERT_EQ(out.size(), 3u);
        for (size_t i = 0; i < 3; ++i) {
          const auto& [w, scales, biases] = matrices[i];
          const array own =
              fast::quantized_matmul(x, w, scales, biases, true, std::nullopt, std::nullopt, mode);
          EXPECT_EQ(out[i].shape(), own.shape());
          EXPECT_EQ(out[i].dtype(), own.dtype());
          expect_close(out[i], doubles(own), 0, 0);
        }
      }
      const array row = random_array({256}, dtype, 7);
      EXPECT_EQ(fast::quantized_matmuls(row, matrices, {}, {}, mode)[0].shape(), (Shape{700}));
    }
  }
}

TEST(QuantizedMatrices, GatherMultipliesEachWithItsExpert) {
  for (const bool transpose : {true, false}) {
    const auto q = quantize(random_array({4, 24, 64}));
    const int width = transpose ? 64 : 24;
    // 150 rows for one expert, 2 for another, none for the others.
    const array x = random_array({76, 2, width}, bfloat16, 2);
    std::vector<int> lhs, rhs;
    for (int i = 0; i < 76; ++i) {
      lhs.push_back(75 - i);
      rhs.push_back(i == 40 ? 3 : 1);
    }
    const array lhs_array(lhs.begin(), {76}, int32), rhs_array(rhs.begin(), {76}, int64);
    const array out = gather_qmm(x, q[0], q[1], q[2], lhs_array, rhs_array, transpose);
    ASSERT_EQ(out.shape(), (Shape{76, 2, transpose ? 24 : 64}));
    for (const int i : {0, 39, 40, 75}) {
      const auto part = [](const array& a, int at) {
        return squeeze(slice(a, {at, 0, 0}, {at + 1, a.shape(1), a.shape(2)}), 0);
      };
      const size_t at = size_t(i);
      expect_close(part(out, i),
                   doubles(quantized_matmul(part(x, lhs[at]), part(q[0], rhs[at]),
                                            part(q[1], rhs[at]), part(q[2], rhs[at]), transpose)),
                   0, 1e-4);
    }
  }
}

TEST(QuantizedMatrices, GatherCountsMatricesInOrder) {
  const auto q = quantize(random_array({2, 3, 8, 64}));
  const array x = random_array({3, 1, 2, 64}, float32, 2);
  const array all = gather_qmm(x, q[0], q[1], q[2], std::nullopt, array({0, 5}, uint32));
  ASSERT_EQ(all.shape(), (Shape{3, 2, 2, 8}));
  const array last = squeeze(slice(all, {2, 1, 0, 0}, {3, 2, 2, 8}), {0, 1});
  const auto sixth = [](const array& a) {
    return squeeze(slice(a, {1, 2, 0, 0}, {2, 3, a.shape(2), a.shape(3)}), {0, 1});
  };
  const array rows = squeeze(slice(x, {2, 0, 0, 0}, {3, 1, 2, 64}), {0, 1});
  expect_close(last, doubles(quantized_matmul(rows, sixth(q[0]), sixth(q[1]), sixth(q[2]))), 0,
               1e-5);
}

TEST(QuantizedMatrices, FastGatherRoundsAsTheProductOfOneMatrixDoes) {
  const auto q = quantize(random_array({3, 24, 64}, bfloat16));
  const array x = random_array({12, 1, 64}, bfloat16, 2);
  const std::vector<int> experts = {2, 0, 0, 2, 0, 0, 2, 0, 0, 0, 0, 0};
  const array out =
      fast::gather_qmm(x, q[0], q[1], q[2], std::nullopt, array(experts.begin(), {12}, int32));
  std::vector<int> mine;
  for (int i = 0; i < 12; ++i) {
    if (experts[size_t(i)] == 0) mine.push_back(i);
  }
  const array rows(mine.begin(), {int(mine.size())}, int32);
  const auto first = [](const array& a) {
    return squeeze(slice(a, {0, 0, 0}, {1, a.shape(1), a.shape(2)}), 0);
  };
  expect_close(squeeze(take(out, rows, 0), 1),
               doubles(fast::quantized_matmul(squeeze(take(x, rows, 0), 1), first(q[0]),
                                              first(q[1]), first(q[2]))),
               0, 0);
}

}  // namespace
}  // namespace quern
