#include "engine/ops/linalg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {
namespace {

using linalg::cholesky;
using linalg::inv;

array adjoint(const array& a) { return conjugate(swapaxes(a, -1, -2)); }

/// Random elements; complex64 ones have both parts.
array random_matrices(const Shape& shape, Dtype dtype, uint64_t seed = 1) {
  const array re = random_array(shape, dtype == complex64 ? float32 : dtype, seed);
  if (dtype != complex64) return re;
  return add(re, multiply(random_array(shape, float32, seed + 1), array(complex64_t(0, 1))));
}

/// The largest element of a - b in size, relative to that of b.
double distance(const array& a, const array& b) {
  const double size = max(abs(b)).item<double>();
  return max(abs(subtract(a, b))).item<double>() / std::max(size, 1e-30);
}

double allowed(Dtype dtype) { return dtype == float64 ? 1e-12 : 2e-4; }

array identity_like(const array& a) { return broadcast_to(eye(a.shape(-1), a.dtype()), a.shape()); }

class Linalg : public testing::TestWithParam<Dtype> {};
std::string dtype_of_test(const testing::TestParamInfo<Dtype>& info) {
  return std::string(dtype_name(info.param));
}
INSTANTIATE_TEST_SUITE_P(Dtypes, Linalg, testing::Values(float32, float64, complex64),
                         dtype_of_test);

// What defines each result, for sizes that LAPACK works on in blocks, and small ones.
constexpr int sizes[] = {1, 2, 5, 33, 150};

TEST_P(Linalg, InversesAndSolutions) {
  for (const int n : sizes) {
    const array a = add(random_matrices({3, n, n}, GetParam()),
                        multiply(array(2.0 * std::sqrt(n), GetParam()), eye(n, GetParam())));
    EXPECT_LE(distance(matmul(a, inv(a)), identity_like(a)), allowed(GetParam())) << n;
    const array b = random_matrices({3, n, 4}, GetParam(), 7);
    EXPECT_LE(distance(matmul(a, linalg::solve(a, b)), b), allowed(GetParam())) << n;
    const array vector = random_matrices({n}, GetParam(), 8);
    const array x = linalg::solve(a, vector);
    EXPECT_EQ(x.shape(), Shape({3, n}));
    EXPECT_LE(distance(squeeze(matmul(a, expand_dims(x, -1)), -1), broadcast_to(vector, x.shape())),
              allowed(GetParam()));
    for (const bool upper : {false, true}) {
      const array t = upper ? triu(a) : tril(a);
      EXPECT_LE(distance(linalg::tri_inv(a, upper), inv(t)), allowed(GetParam())) << n;
      const array y = linalg::solve_triangular(a, b, upper);
      EXPECT_LE(distance(matmul(t, y), b), allowed(GetParam())) << n;
    }
  }
}

TEST_P(Linalg, FactorsOfHermitianMatrices) {
  for (const int n : sizes) {
    const array root = random_matrices({2, n, n + 3}, GetParam());
    const array a = add(matmul(root, adjoint(root)), eye(n, GetParam()));
    const array l = cholesky(a), u = cholesky(a, true);
    EXPECT_LE(distance(matmul(l, adjoint(l)), a), allowed(GetParam())) << n;
    EXPECT_LE(distance(u, adjoint(l)), allowed(GetParam())) << n;
    EXPECT_EQ(max(abs(triu(l, 1))).item<float>(), 0.0f);
    for (const bool upper : {false, true}) {
      const array product = matmul(linalg::cholesky_inv(upper ? u : l, upper), a);
      EXPECT_LE(distance(product, identity_like(a)), 50 * allowed(GetParam())) << n;
    }
    for (const char* uplo : {"L", "U"}) {
      // The other triangle must not be read.
      const array half = std::string(uplo) == "L" ? tril(a) : triu(a);
      const auto [w, v] = linalg::eigh(half, uplo);
      EXPECT_LE(distance(matmul(a, v), multiply(v, expand_dims(w, -2))), allowed(GetParam())) << n;
      EXPECT_LE(distance(matmul(adjoint(v), v), identity_like(a)), allowed(GetParam())) << n;
      EXPECT_LE(distance(linalg::eigvalsh(half, uplo), w), allowed(GetParam())) << n;
    }
  }
}

TEST_P(Linalg, FactorsOfAnyMatrices) {
  const std::pair<int, int> shapes[] = {{1, 1}, {3, 5}, {5, 3}, {40, 90}, {120, 50}};
  for (const auto& [m, n] : shapes) {
    const int k = std::min(m, n);
    const array a = random_matrices({2, m, n}, GetParam());
    const auto [q, r] = linalg::qr(a);
    EXPECT_LE(distance(matmul(q, r), a), allowed(GetParam())) << m;
    EXPECT_LE(distance(matmul(adjoint(q), q), eye(k, GetParam())), allowed(GetParam())) << m;

    const Arrays svd = linalg::svd(a);
    const array u = slice(svd[0], {0, 0, 0}, {2, m, k}), vh = slice(svd[2], {0, 0, 0}, {2, k, n});
    const array rebuilt = matmul(multiply(u, expand_dims(svd[1], -2)), vh);
    EXPECT_LE(distance(rebuilt, a), allowed(GetParam())) << m;
    EXPECT_LE(distance(matmul(svd[2], adjoint(svd[2])), eye(n, GetParam())), allowed(GetParam()));
    EXPECT_LE(distance(linalg::svd(a, false)[0], svd[1]), allowed(GetParam())) << m;

    const Arrays lu = linalg::lu(a);
    const array rows =
        take_along_axis(lu[1], broadcast_to(expand_dims(lu[0], -1), lu[1].shape()), -2);
    EXPECT_LE(distance(matmul(rows, lu[2]), a), allowed(GetParam())) << m;
    // Of complex numbers, |re| + |im| is what chooses the pivot.
    EXPECT_LE(max(abs(lu[1])).item<float>(), GetParam() == complex64 ? 1.4143f : 1.0f);

    const array p = linalg::pinv(a);
    EXPECT_LE(distance(matmul(matmul(a, p), a), a), allowed(GetParam())) << m;
    const array projection = matmul(p, a);
    EXPECT_LE(distance(adjoint(projection), projection), 10 * allowed(GetParam())) << m;
  }
}

TEST_P(Linalg, Eigenvalues) {
  for (const int n : {1, 2, 7, 60}) {
    const array a = random_matrices({2, n, n}, GetParam());
    const auto [w, v] = linalg::eig(a);
    EXPECT_LE(distance(matmul(astype(a, complex64), v), multiply(v, expand_dims(w, -2))), 2e-5)
        << n;
    const array trace = sum(multiply(a, eye(n, GetParam())), std::vector<int>{-2, -1});
    EXPECT_LE(distance(sum(linalg::eigvals(a), -1), astype(trace, complex64)), 1e-3) << n;
  }
}

TEST_P(Linalg, DeterminantsMultiply) {
  const Dtype dtype = GetParam();
  const array a = random_matrices({3, 6, 6}, dtype, 3), b = random_matrices({3, 6, 6}, dtype, 9);
  const array together = linalg::det(matmul(a, b));
  EXPECT_LE(distance(together, multiply(linalg::det(a), linalg::det(b))), allowed(dtype));
  const auto [sign, log] = linalg::slogdet(a);
  EXPECT_LE(distance(multiply(sign, exp(log)), linalg::det(a)), allowed(dtype));
}

TEST(LinalgLayouts, AnyInput) {
  const array a = add(random_array({4, 4}), multiply(array(4.0f), eye(4)));
  const array want = inv(a);
  EXPECT_LE(distance(transpose(inv(transpose(a))), want), 1e-6);
  const array reversed = slice(slice(a, {3, 3}, {-5, -5}, {-1, -1}), {3, 3}, {-5, -5}, {-1, -1});
  EXPECT_LE(distance(inv(reversed), want), 1e-6);
  const array repeated = broadcast_to(a, {3, 4, 4});
  EXPECT_LE(distance(inv(repeated), broadcast_to(want, {3, 4, 4})), 1e-6);
  const array before = copy(a);
  inv(a).eval();
  EXPECT_EQ(distance(before, a), 0) << "the input was written to";
}

TEST(LinalgLayouts, ManySmallMatrices) {
  const array a = add(random_array({2000, 3, 3}), multiply(array(4.0f), eye(3)));
  EXPECT_LE(distance(matmul(a, inv(a)), identity_like(a)), 1e-5);
  const Arrays svd = linalg::svd(a);
  EXPECT_LE(distance(matmul(multiply(svd[0], expand_dims(svd[1], -2)), svd[2]), a), 1e-5);
}

TEST(LinalgLayouts, Empty) {
  EXPECT_EQ(inv(zeros({0, 3, 3})).shape(), Shape({0, 3, 3}));
  EXPECT_EQ(linalg::det(zeros({0, 0})).item<float>(), 1.0f);
  EXPECT_EQ(linalg::slogdet(zeros({2, 0, 0})).second.shape(), Shape({2}));
  const Arrays svd = linalg::svd(zeros({2, 0, 3}));
  eval(svd);
  EXPECT_EQ(svd[0].shape(), Shape({2, 0, 0}));
  EXPECT_EQ(svd[1].shape(), Shape({2, 0}));
  EXPECT_LE(distance(svd[2], broadcast_to(eye(3), {2, 3, 3})), 0);
  eval(linalg::lu(zeros({3, 0})));
  eval(linalg::qr(zeros({0, 3})).first, linalg::pinv(zeros({0, 3})),
       linalg::eig(zeros({0, 0})).first, linalg::solve(zeros({2, 2}), zeros({2, 0})));
}

std::string error_of(const std::function<Arrays()>& call) {
  try {
    eval(call());
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing thrown";
}

TEST(LinalgErrors, NameTheOpAndTheNumbers) {
  const std::vector<float> middle_zero{1, 0, 0, 0, 0, 0, 0, 0, 1},
      last_zero{1, 0, 0, 0, 1, 0, 0, 0, 0};
  const array square = eye(3), flat = zeros({3}), wide = zeros({2, 3}), whole = eye(3, int32);
  const std::tuple<const char*, const char*, std::function<Arrays()>> cases[] = {
      {"[linalg::inv]", "(2,3)", [&] { return Arrays{inv(wide)}; }},
      {"[linalg::inv]", "pivot 1",
       [&] {
         return Arrays{inv(array(middle_zero.begin(), Shape{3, 3}))};
       }},
      {"[linalg::tri_inv]", "pivot 0",
       [&] {
         return Arrays{linalg::tri_inv(zeros({3, 3}))};
       }},
      {"[linalg::qr]", "(3)", [&] { return Arrays{linalg::qr(flat).first}; }},
      {"[linalg::svd]", "int32", [&] { return linalg::svd(whole); }},
      {"[linalg::svd]", "float16", [&] { return linalg::svd(astype(square, float16)); }},
      {"[linalg::cholesky]", "order 1", [&] { return Arrays{cholesky(negative(square))}; }},
      {"[linalg::solve]", "(2,3)", [&] { return Arrays{linalg::solve(square, wide)}; }},
      {"[linalg::solve]", "matrix 0",
       [&] {
         return Arrays{linalg::solve(zeros({3, 3}), flat)};
       }},
      {"[linalg::solve_triangular]", "pivot 2",
       [&] {
         return Arrays{linalg::solve_triangular(array(last_zero.begin(), Shape{3, 3}), flat)};
       }},
      {"[linalg::eigh]", "\"X\"", [&] { return Arrays{linalg::eigh(square, "X").first}; }},
      {"[linalg::cross]", "4", [&] { return Arrays{linalg::cross(zeros({4}), zeros({4}))}; }},
      {"[linalg::cross]", "axis", [&] { return Arrays{linalg::cross(flat, flat, 1)}; }},
      {"[linalg::norm]", "order 3", [&] { return Arrays{linalg::norm(square, 3.0)}; }},
      {"[linalg::norm]", "not 3",
       [&] {
         return Arrays{linalg::norm(zeros({1, 1, 1}), 1.0)};
       }},
      {"[linalg::norm]", "given twice",
       [&] {
         return Arrays{linalg::norm(square, 1.0, std::vector<int>{0, -2})};
       }},
      {"[linalg::norm]", "\"x\"", [&] { return Arrays{linalg::norm(square, "x")}; }},
  };
  for (const auto& [op, numbers, call] : cases) {
    const std::string text = error_of(call);
    EXPECT_THAT(text, testing::StartsWith(op));
    EXPECT_THAT(text, testing::HasSubstr(numbers)) << op;
  }
}

// LAPACK's iterations may run for ever on them.
TEST(LinalgErrors, NanAndInfinityEnd) {
  for (const double bad : {std::nan(""), HUGE_VAL}) {
    for (const int n : {3, 40}) {
      const array a = full({2, n, n}, array(float(bad)), float32);
      for (const auto& call : std::vector<std::function<Arrays()>>{
               [&] { return linalg::svd(a); }, [&] { return linalg::svd(a, false); },
               [&] { return Arrays{linalg::pinv(a)}; }, [&] { return Arrays{linalg::eigvals(a)}; },
               [&] { return Arrays{linalg::eigvalsh(a)}; }, [&] { return Arrays{cholesky(a)}; }}) {
        EXPECT_NE(error_of(call), "nothing thrown");
      }
      const auto [q, r] = linalg::qr(a);
      EXPECT_TRUE(any(isnan(q)).item<bool>() || any(isnan(r)).item<bool>());
      EXPECT_FALSE(std::isfinite(sum(linalg::det(a)).item<float>()));
    }
  }
}

// Batches are spread over threads, and streams run side by side.
TEST(LinalgThreads, StreamsAtATime) {
  const Stream other = new_stream(Device::cpu);
  const array a = add(random_array({64, 24, 24}), multiply(array(12.0f), eye(24)));
  array expected = inv(a);
  expected.eval();
  for (int i = 0; i < 20; ++i) {
    array one = inv(a), two = inv(a, other);
    const Arrays three = linalg::svd(a, other), four = linalg::svd(a);
    eval(one, two, three[1], four[1]);
    EXPECT_EQ(distance(one, expected), 0);
    EXPECT_EQ(distance(two, expected), 0);
    EXPECT_EQ(distance(three[1], four[1]), 0);
  }
}

}  // namespace
}  // namespace quern::tests
