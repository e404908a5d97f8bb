#include "engine/ops/linalg.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"
#include "tests/engine/transforms/float_check.h"

namespace quern::tests {
namespace {

/// Matrices that are far from singular.
array regular(const Shape& shape, uint64_t seed) {
  return add(values(shape, seed), multiply(array(3.0, float64), eye(shape.back(), float64)));
}

array symmetric_part(const array& a) {
  return multiply(array(0.5, float64), add(a, swapaxes(a, -1, -2)));
}

ArrayFunction unary(const std::function<array(const array&)>& op) {
  return [op](const Arrays& in) { return Arrays{op(in[0])}; };
}

array columns(const array& a, int begin, int end) {
  Shape start(a.ndim(), 0), stop = a.shape();
  start[a.ndim() - 1] = begin;
  stop[a.ndim() - 1] = end;
  return slice(a, start, stop);
}

/// The projection onto the columns, which does not depend on how a basis is chosen.
array projection(const array& columns) { return matmul(columns, swapaxes(columns, -1, -2)); }

TEST(LinalgTransforms, Inverses) {
  const auto inverse = unary([](const array& a) { return linalg::inv(a); });
  expect_transforms("inv", inverse, {regular({3, 3}, 1)});
  expect_transforms("inv of a batch", inverse, {regular({2, 2, 4, 4}, 2)});
  expect_transforms("inv of 1 x 1", inverse, {regular({1, 1}, 3)});
  expect_vmap("inv of nothing", inverse, {values({0, 3, 3}, 3)});
  for (const bool upper : {false, true}) {
    const auto triangular = unary([=](const array& a) { return linalg::tri_inv(a, upper); });
    expect_transforms("tri_inv", triangular, {regular({3, 3}, 4)});
    expect_transforms("tri_inv of a batch", triangular, {regular({2, 3, 3}, 5)});
    const auto from_factor = unary([=](const array& a) { return linalg::cholesky_inv(a, upper); });
    expect_transforms("cholesky_inv", from_factor, {regular({2, 3, 3}, 6)});
  }
}

TEST(LinalgTransforms, Solutions) {
  const ArrayFunction solve = [](const Arrays& in) { return Arrays{linalg::solve(in[0], in[1])}; };
  expect_transforms("solve", solve, {regular({3, 3}, 1), values({3, 2}, 2)});
  expect_transforms("solve for a vector", solve, {regular({3, 3}, 3), values({3}, 4)});
  expect_transforms("solve, batches", solve, {regular({2, 1, 3, 3}, 5), values({3, 3, 1}, 6)});
  for (const bool upper : {false, true}) {
    const ArrayFunction triangular = [=](const Arrays& in) {
      return Arrays{linalg::solve_triangular(in[0], in[1], upper)};
    };
    expect_transforms("solve_triangular", triangular, {regular({3, 3}, 7), values({3, 2}, 8)});
    expect_transforms("solve_triangular for a vector", triangular,
                      {regular({3, 3}, 9), values({3}, 10)});
    expect_transforms("solve_triangular, batches", triangular,
                      {regular({3, 3}, 11), values({2, 3, 1}, 12)});
  }
}

TEST(LinalgTransforms, PseudoInverses) {
  const auto inverse = unary([](const array& a) { return linalg::pinv(a); });
  expect_transforms("pinv, square", inverse, {regular({3, 3}, 1)});
  expect_transforms("pinv, tall", inverse, {values({5, 2}, 2)});
  expect_transforms("pinv, wide", inverse, {values({2, 2, 4}, 3)});
  const ArrayFunction deficient = [](const Arrays& in) {
    return Arrays{linalg::pinv(matmul(in[0], in[1]))};
  };
  expect_gradients("pinv, of rank 2", deficient, {values({4, 2}, 4), values({2, 3}, 5)});
}

TEST(LinalgTransforms, Cholesky) {
  for (const bool upper : {false, true}) {
    const auto factor =
        unary([=](const array& a) { return linalg::cholesky(symmetric_part(a), upper); });
    expect_transforms("cholesky", factor, {regular({3, 3}, 1)});
    expect_transforms("cholesky of a batch", factor, {regular({2, 4, 4}, 2)});
  }
}

TEST(LinalgTransforms, Determinants) {
  const auto det = unary([](const array& a) { return linalg::det(a); });
  expect_transforms("det", det, {regular({3, 3}, 1)});
  expect_transforms("det of a batch", det, {values({2, 3, 4, 4}, 2)});
  expect_transforms("det of 1 x 1", det, {regular({1, 1}, 3)});
  const ArrayFunction slogdet = [](const Arrays& in) {
    const auto [sign, log] = linalg::slogdet(in[0]);
    return Arrays{sign, log};
  };
  expect_transforms("slogdet", slogdet, {regular({3, 3}, 4)});
  expect_transforms("slogdet of a batch", slogdet, {values({2, 4, 4}, 5)});
}

// Of singular matrices the determinant has a gradient, the cofactors, and no inverse to find it by.
TEST(LinalgTransforms, GradientOfADeterminantThatIsZero) {
  const array a({1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 1.0, 0.0, 1.0}, {3, 3}, float64);
  const array got = grad([](const array& x) { return linalg::det(x); })(a);
  const array want({4.0, 4.0, -4.0, -2.0, -2.0, 2.0, 0.0, 0.0, 0.0}, {3, 3}, float64);
  EXPECT_TRUE(allclose(got, want, 1e-12, 1e-12).item<bool>()) << got;
}

TEST(LinalgTransforms, QR) {
  const ArrayFunction qr = [](const Arrays& in) {
    const auto [q, r] = linalg::qr(in[0]);
    return Arrays{q, r};
  };
  expect_transforms("qr, square", qr, {regular({3, 3}, 1)});
  expect_transforms("qr, tall", qr, {values({5, 3}, 2)});
  expect_transforms("qr, wide", qr, {values({2, 2, 4}, 3)});
}

TEST(LinalgTransforms, LU) {
  const ArrayFunction lu = [](const Arrays& in) {
    const Arrays out = linalg::lu(in[0]);
    return Arrays{out[1], out[2]};
  };
  const Shape shapes[] = {{3, 3}, {5, 3}, {2, 2, 4}};
  for (const Shape& shape : shapes) {
    expect_gradients("lu", lu, {values(shape, 1)});
    expect_vmap("lu", [](const Arrays& in) { return linalg::lu(in[0]); }, {values(shape, 2)});
    expect_vmap("lu_factor",
                [](const Arrays& in) {
                  const auto [factors, pivots] = linalg::lu_factor(in[0]);
                  return Arrays{factors, pivots};
                },
                {values(shape, 3)});
  }
}

TEST(LinalgTransforms, SingularValues) {
  const ArrayFunction whole = [](const Arrays& in) { return linalg::svd(in[0]); };
  // Of the vectors that belong to no singular value only the space is determined.
  const ArrayFunction determined = [](const Arrays& in) {
    const Arrays out = linalg::svd(in[0]);
    const array u = out[0], v = swapaxes(out[2], -1, -2);
    const int m = u.shape(-1), n = v.shape(-1), k = std::min(m, n);
    return Arrays{columns(u, 0, k), out[1], columns(v, 0, k), projection(columns(u, k, m)),
                  projection(columns(v, k, n))};
  };
  const auto values_alone = unary([](const array& a) { return linalg::svd(a, false)[0]; });
  const Shape shapes[] = {{3, 3}, {5, 2}, {2, 2, 4}};
  for (const Shape& shape : shapes) {
    expect_gradients("svd", determined, {values(shape, 4)}, {1e-6, 1e-5});
    expect_vmap("svd", whole, {values(shape, 5)});
    expect_transforms("singular values", values_alone, {values(shape, 6)});
  }
}

TEST(LinalgTransforms, HermitianEigenvalues) {
  for (const char* uplo : {"L", "U"}) {
    const ArrayFunction eigh = [=](const Arrays& in) {
      const auto [w, v] = linalg::eigh(symmetric_part(in[0]), uplo);
      return Arrays{w, v};
    };
    const auto eigvalsh =
        unary([=](const array& a) { return linalg::eigvalsh(symmetric_part(a), uplo); });
    expect_transforms("eigh", eigh, {values({3, 3}, 1)});
    expect_transforms("eigh of a batch", eigh, {values({2, 4, 4}, 2)});
    expect_transforms("eigvalsh", eigvalsh, {values({2, 3, 3}, 3)});
  }
}

/// Independent of the order and the phases that the eigenvectors come in.
Arrays of_eigenvectors(const array& a) {
  const auto [w, v] = linalg::eig(a);
  const array size = square(abs(v));
  return {sum(multiply(real(w), array(1.0f)), -1), sum(square(imag(w)), -1),
          sum(multiply(expand_dims(real(w), -2), size), -1)};
}

TEST(LinalgTransforms, Eigenvalues) {
  const array a({2.0f, 1.0f, 0.5f, -1.5f, 1.0f, 0.25f, 0.5f, -0.75f, -1.0f}, {3, 3});
  const ArrayFunction all = [](const Arrays& in) { return of_eigenvectors(in[0]); };
  const ArrayFunction values_alone = [](const Arrays& in) {
    const array w = linalg::eigvals(in[0]);
    return Arrays{sum(real(multiply(w, multiply(w, w))), -1), sum(square(imag(w)), -1)};
  };
  expect_float_derivatives("eig", all, {a});
  expect_float_derivatives("eigvals", values_alone, {a});
  expect_vmap(
      "eig",
      [](const Arrays& in) {
        const auto [w, v] = linalg::eig(in[0]);
        return Arrays{sum(w), abs(sum(v))};
      },
      {a}, 1e-3);
  expect_vmap(
      "eigvals", [](const Arrays& in) { return Arrays{sum(linalg::eigvals(in[0]))}; }, {a}, 1e-4);
}

TEST(LinalgTransforms, OfComplexMatrices) {
  const auto parts = [](const array& z) { return Arrays{real(z), imag(z)}; };
  const auto of = [&](std::function<Arrays(const array&)> op) {
    return
        [=](const Arrays& in) { return op(add(in[0], multiply(in[1], array(complex64_t(0, 1))))); };
  };
  const array re = astype(regular({3, 3}, 1), float32), im = astype(values({3, 3}, 2), float32);
  const auto hermitian = [](const array& z) { return add(z, conjugate(swapaxes(z, -1, -2))); };
  const auto moduli = [](const Arrays& in) {
    Arrays out;
    for (const array& a : in) out.push_back(abs(a));
    return out;
  };

  expect_float_derivatives("inv", of([=](auto& z) { return parts(linalg::inv(z)); }), {re, im});
  expect_float_derivatives(
      "solve", of([=](auto& z) { return parts(linalg::solve(z, hermitian(z))); }), {re, im});
  expect_float_derivatives(
      "pinv", of([=](auto& z) { return parts(linalg::pinv(columns(z, 0, 2))); }), {re, im});
  expect_float_derivatives("det", of([=](auto& z) { return parts(linalg::det(z)); }), {re, im});
  expect_float_derivatives("slogdet", of([=](auto& z) {
                             const auto [sign, log] = linalg::slogdet(z);
                             return Arrays{real(sign), imag(sign), log};
                           }),
                           {re, im});
  for (const bool upper : {false, true}) {
    expect_float_derivatives(
        "cholesky", of([=](auto& z) { return parts(linalg::cholesky(hermitian(z), upper)); }),
        {re, im});
  }
  expect_float_derivatives("qr", of([=](auto& z) {
                             const auto [q, r] = linalg::qr(columns(z, 0, 2));
                             return moduli({q, r});
                           }),
                           {re, im});
  expect_float_derivatives("lu", of([=](auto& z) { return parts(linalg::lu(z)[1]); }), {re, im});
  expect_float_derivatives("svd", of([=](auto& z) { return moduli(linalg::svd(z)); }), {re, im});
  expect_float_derivatives("eigh", of([=](auto& z) {
                             const auto [w, v] = linalg::eigh(hermitian(z));
                             return Arrays{w, abs(v)};
                           }),
                           {re, im});
}

TEST(LinalgTransforms, Norms) {
  const array a = add(values({3, 4}, 1), array(0.05, float64));
  for (const double ord : {0.0, 1.0, 2.0, 3.0, 0.5, -1.0, HUGE_VAL, -HUGE_VAL}) {
    const std::string name = "norm " + std::to_string(ord);
    expect_transforms(name, unary([=](const array& x) { return linalg::norm(x, ord, 1); }), {a});
    expect_vmap(name, unary([=](const array& x) { return linalg::norm(x, ord, 0, true); }), {a});
  }
  for (const double ord : {1.0, -1.0, 2.0, -2.0, HUGE_VAL, -HUGE_VAL}) {
    const auto norm = [=](const array& x) { return linalg::norm(x, ord, std::vector<int>{-1, 0}); };
    expect_transforms("matrix norm " + std::to_string(ord), unary(norm), {values({3, 2, 4}, 2)});
  }
  for (const char* ord : {"fro", "nuc"}) {
    const auto norm = [=](const array& x) { return linalg::norm(x, ord); };
    expect_transforms(std::string("norm ") + ord, unary(norm), {a});
  }
  expect_transforms("norm", unary([](const array& x) { return linalg::norm(x); }), {a});
}

TEST(LinalgTransforms, Cross) {
  const ArrayFunction last = [](const Arrays& in) { return Arrays{linalg::cross(in[0], in[1])}; };
  expect_transforms("cross", last, {values({2, 3}, 1), values({3}, 2)});
  expect_transforms("cross of 2 with 3", last, {values({2}, 3), values({4, 3}, 4)});
  expect_transforms("cross of 2 with 2", last, {values({4, 2}, 5), values({4, 2}, 6)});
  expect_transforms("cross along axis 0",
                    [](const Arrays& in) { return Arrays{linalg::cross(in[0], in[1], 0)}; },
                    {values({3, 2}, 7), values({3, 1}, 8)});
}

}  // namespace
}  // namespace quern::tests
