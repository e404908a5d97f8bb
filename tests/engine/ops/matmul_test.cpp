#include "engine/ops/matmul.h"

#include <gtest/gtest.h>

#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

/// a [B, M, K] @ b [B, K, N] of dense float64 elements.
std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b,
                            size_t batch, size_t m, size_t k, size_t n) {
  std::vector<double> out(batch * m * n, 0);
  for (size_t s = 0; s < batch; ++s) {
    for (size_t i = 0; i < m; ++i) {
      for (size_t l = 0; l < k; ++l) {
        const double x = a[(s * m + i) * k + l];
        for (size_t j = 0; j < n; ++j) out[(s * m + i) * n + j] += x * b[(s * k + l) * n + j];
      }
    }
  }
  return out;
}

void expect_product(const array& out, const std::vector<double>& want, int k) {
  // Sums of k terms below 1, and one rounding to the result's dtype.
  expect_close(out, want, 1.01 * precision(out.dtype()), 1e-7 * k);
}

struct Size {
  int m, k, n;
};

class Matmul : public testing::TestWithParam<Dtype> {};

TEST_P(Matmul, AgreesWithFloat64InEveryOrientation) {
  const Dtype dtype = GetParam();
  for (const auto& [m, k, n] :
       {Size{1, 4160, 17}, Size{2, 33, 3}, Size{5, 1, 9}, Size{8, 200, 300}, Size{9, 77, 5},
        Size{33, 65, 1}, Size{130, 600, 270}, Size{700, 520, 40}, Size{1, 1, 1}}) {
    for (const bool a_transposed : {false, true}) {
      for (const bool b_transposed : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << m << " " << k << " " << n << " " << a_transposed << b_transposed);
        array a = random_array({m, k}, dtype, 1), b = random_array({k, n}, dtype, 2);
        const auto want = product(doubles(a), doubles(b), 1, size_t(m), size_t(k), size_t(n));
        if (a_transposed) a = transpose(contiguous(transpose(a)));
        if (b_transposed) b = transpose(contiguous(transpose(b)));
        const array out = matmul(a, b);
        EXPECT_EQ(out.shape(), (Shape{m, n}));
        EXPECT_EQ(out.dtype(), dtype);
        expect_product(out, want, k);
      }
    }
  }
}

TEST_P(Matmul, ReadsStridedAndReversedOperands) {
  const Dtype dtype = GetParam();
  for (const int m : {3, 40}) {
    const array a = slice(random_array({2 * m, 60}, dtype), {0, 59}, {2 * m, -61}, {2, -2});
    const array b = slice(random_array({30, 100}, dtype, 2), {0, 3}, {30, 100}, {1, 4});
    expect_product(matmul(a, b), product(doubles(a), doubles(b), 1, size_t(m), 30, 25), 30);
  }
}

TEST_P(Matmul, BroadcastsBatches) {
  const Dtype dtype = GetParam();
  for (const int m : {1, 12}) {
    const array a = random_array({2, 1, m, 20}, dtype), b = random_array({3, 20, 30}, dtype, 2);
    const array wide_a = broadcast_to(a, {2, 3, m, 20}), wide_b = broadcast_to(b, {2, 3, 20, 30});
    const auto want = product(doubles(wide_a), doubles(wide_b), 6, size_t(m), 20, 30);
    const array out = matmul(a, b);
    EXPECT_EQ(out.shape(), (Shape{2, 3, m, 30}));
    expect_product(out, want, 20);
    expect_product(matmul(wide_a, wide_b), want, 20);
    // One matrix for all batches, the rows of which merge.
    const array shared = random_array({20, 30}, dtype, 3);
    expect_product(
        matmul(wide_a, shared),
        product(doubles(wide_a), doubles(broadcast_to(shared, {6, 20, 30})), 6, size_t(m), 20, 30),
        20);
    // Heads that lie behind each other, as attention makes them.
    const array heads = transpose(random_array({2, m, 3, 20}, dtype, 4), {0, 2, 1, 3});
    expect_product(matmul(heads, b), product(doubles(heads), doubles(wide_b), 6, size_t(m), 20, 30),
                   20);
  }
}

TEST_P(Matmul, EmptyOperandsGiveZerosOrNothing) {
  const Dtype dtype = GetParam();
  EXPECT_EQ(matmul(random_array({0, 3}, dtype), random_array({3, 2}, dtype)).shape(),
            (Shape{0, 2}));
  EXPECT_EQ(doubles(matmul(random_array({2, 0}, dtype), random_array({0, 2}, dtype))),
            (std::vector<double>{0, 0, 0, 0}));
  EXPECT_EQ(matmul(random_array({0, 4, 3}, dtype), random_array({3, 2}, dtype)).shape(),
            (Shape{0, 4, 2}));
  EXPECT_EQ(doubles(addmm(array(3.0f, dtype), random_array({1, 0}, dtype),
                          random_array({0, 2}, dtype), 1, 2)),
            (std::vector<double>{6, 6}));
}

TEST_P(Matmul, AddmmScalesAndAdds) {
  const Dtype dtype = GetParam();
  for (const int m : {1, 4, 50}) {
    const array a = random_array({m, 70}, dtype), b = random_array({70, 90}, dtype, 2);
    for (const Shape& c_shape : {Shape{m, 90}, Shape{90}, Shape{m, 1}, Shape{}}) {
      const array c = random_array(c_shape, dtype, 3);
      std::vector<double> want = product(doubles(a), doubles(b), 1, size_t(m), 70, 90);
      const std::vector<double> added = doubles(broadcast_to(c, {m, 90}));
      for (size_t i = 0; i < want.size(); ++i) want[i] = 0.5 * want[i] - 2 * added[i];
      expect_product(addmm(c, a, b, 0.5f, -2.0f), want, 70);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Floats, Matmul, testing::Values(float32, float16, bfloat16, float64),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST(MatmulVectors, CountAsRowsAndColumns) {
  const array v = array({1.0f, 2.0f}), m = array({1.0f, 2.0f, 3.0f, 4.0f}, {2, 2});
  EXPECT_EQ(matmul(v, v).shape(), Shape{});
  EXPECT_EQ(doubles(matmul(v, m)), (std::vector<double>{7, 10}));
  EXPECT_EQ(doubles(matmul(m, v)), (std::vector<double>{5, 11}));
  EXPECT_EQ(matmul(random_array({3, 4, 2}), v).shape(), (Shape{3, 4}));
  EXPECT_EQ(matmul(v, random_array({3, 2, 4})).shape(), (Shape{3, 4}));
  EXPECT_EQ(doubles(addmm(array(1.0f), v, v)), (std::vector<double>{6}));
  EXPECT_EQ(addmm(random_array({3, 4}), random_array({3, 4, 2}), v).shape(), (Shape{3, 4}));
}

TEST(MatmulLarge, RowsBeyondOnePackedChunk) {
  const array a = random_array({500, 17500}), b = random_array({17500, 9}, float32, 2);
  expect_product(matmul(a, b), product(doubles(a), doubles(b), 1, 500, 17500, 9), 17500);
}

TEST(MatmulErrors, NameTheShapes) {
  EXPECT_THROW(matmul(array(1.0f), array({1.0f})), std::invalid_argument);
  EXPECT_THROW(matmul(random_array({2, 3}), random_array({4, 2})), std::invalid_argument);
  EXPECT_THROW(matmul(random_array({2, 3, 4}), random_array({3, 4, 5})), std::invalid_argument);
  EXPECT_THROW(matmul(array({1, 2}, int32), array({1, 2}, int32)), std::invalid_argument);
  EXPECT_THROW(addmm(random_array({3, 3}), random_array({2, 4}), random_array({4, 3})),
               std::invalid_argument);
}

}  // namespace
}  // namespace quern
