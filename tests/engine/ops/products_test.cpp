#include "engine/ops/products.h"

#include <gtest/gtest.h>

#include "engine/graph/eval.h"
#include "engine/ops/block_masked.h"
#include "engine/ops/einsum.h"
#include "engine/ops/hadamard.h"
#include "engine/ops/indexed_matmul.h"
#include "engine/ops/matmul.h"
#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

/// The matrices of `indices` of a [n, rows, columns], one behind the other.
std::vector<double> picked(const array& a, const std::vector<int>& indices) {
  const std::vector<double> all = doubles(a);
  const size_t size = all.size() / size_t(a.shape(0));
  std::vector<double> out;
  for (const int i : indices) {
    out.insert(out.end(), all.begin() + ptrdiff_t(size_t(i) * size),
               all.begin() + ptrdiff_t(size_t(i + 1) * size));
  }
  return out;
}

class GatherMM : public testing::TestWithParam<Dtype> {};

TEST_P(GatherMM, AgreesWithOneProductPerIndex) {
  const Dtype dtype = GetParam();
  for (const int rows : {1, 3}) {
    for (const int depth : {70, 300}) {
      for (const bool transposed : {false, true}) {
        for (const bool sorted : {false, true}) {
          const int count = 40;
          const array a = random_array({7, rows, depth}, dtype, 1);
          const array b = transposed ? swapaxes(random_array({5, 37, depth}, dtype, 2), 1, 2)
                                     : random_array({5, depth, 37}, dtype, 2);
          std::vector<int> lhs, rhs;
          for (int i = 0; i < count; ++i) {
            lhs.push_back(i * 5 % 7);
            rhs.push_back(sorted ? i / 9 : i * 3 % 4);
          }
          const array out =
              gather_mm(a, b, array(lhs.begin(), {count}), array(rhs.begin(), {count}), sorted);
          ASSERT_EQ(out.shape(), (Shape{count, rows, 37}));
          ASSERT_EQ(out.dtype(), dtype);
          const array want = matmul(array(picked(a, lhs).begin(), {count, rows, depth}, float64),
                                    array(picked(b, rhs).begin(), {count, depth, 37}, float64));
          expect_close(out, doubles(want), 1.01 * precision(dtype), 1e-7 * depth);
        }
      }
    }
  }
}

TEST_P(GatherMM, SegmentsAgreeWithOneProductEach) {
  const Dtype dtype = GetParam();
  const array a = random_array({9, 600}, dtype, 1), b = random_array({600, 11}, dtype, 2);
  const std::vector<int> bounds = {0, 300, 300, 301, 10, 590, 600, 600, 40, 20};
  const array out = segmented_mm(a, b, array(bounds.begin(), {5, 2}));
  std::vector<double> want;
  for (size_t s = 0; s < 5; ++s) {
    const int begin = bounds[2 * s], end = std::max(begin, bounds[2 * s + 1]);
    const auto part = doubles(matmul(astype(slice(a, {0, begin}, {9, end}), float64),
                                     astype(slice(b, {begin, 0}, {end, 11}), float64)));
    want.insert(want.end(), part.begin(), part.end());
  }
  expect_close(out, want, 1.01 * precision(dtype), 1e-7 * 600);
}

INSTANTIATE_TEST_SUITE_P(Floats, GatherMM, testing::Values(float32, float16, bfloat16, float64),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

template <typename Error, typename F>
void expect_error(F&& f, const std::vector<std::string>& parts) {
  try {
    f();
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
}

using Invalid = std::invalid_argument;

TEST(ProductErrors, OfIndexedProducts) {
  const array a = random_array({2, 3, 4}), b = random_array({2, 4, 5});
  expect_error<std::out_of_range>(
      [&] {
        eval(gather_mm(a, b, array({0, 2}, int32)));
      },
      {"[gather_mm]", "2"});
  expect_error<std::out_of_range>([&] { eval(gather_mm(a, b, array({-1}, int32))); },
                                  {"[gather_mm]", "-1"});
  expect_error<Invalid>([&] { gather_mm(a, b, array({0.0f})); }, {"[gather_mm]", "float32"});
  expect_error<Invalid>([&] { gather_mm(array({1.0f}), b, array({0}, int32)); },
                        {"[gather_mm]", "(1)"});
  expect_error<Invalid>([&] { gather_mm(astype(a, int32), astype(b, int32), array({0}, int32)); },
                        {"[gather_mm]", "int32"});
  const array x = random_array({3, 4}), y = random_array({4, 5});
  expect_error<std::out_of_range>(
      [&] {
        eval(segmented_mm(x, y, array({2, 5}, {1, 2}, int32)));
      },
      {"[segmented_mm]", "5", "4"});
  expect_error<Invalid>(
      [&] {
        segmented_mm(x, y, array({2, 3, 4}, int32));
      },
      {"[segmented_mm]", "(3)"});
  expect_error<Invalid>(
      [&] {
        segmented_mm(a, y, array({0, 1}, int32));
      },
      {"[segmented_mm]", "(2,3,4)"});
}

TEST(ProductErrors, OfBlockMasks) {
  const array a = random_array({40, 40}), mask = random_array({2, 2});
  expect_error<Invalid>([&] { block_masked_mm(a, a, 16); }, {"[block_masked_mm]", "16"});
  expect_error<Invalid>(
      [&] {
        block_masked_mm(a, a, 32, random_array({3, 2}));
      },
      {"[block_masked_mm]", "(3,2)", "mask_out"});
  expect_error<Invalid>(
      [&] {
        block_masked_mm(a, a, 32, mask, random_array({3, 2, 2}));
      },
      {"mask_lhs", "(3,2,2)"});
  expect_error<Invalid>([&] { block_masked_mm(a, array({1.0f}), 32); },
                        {"[block_masked_mm]", "(1)"});
}

TEST(ProductErrors, OfAxes) {
  const array a = random_array({2, 3}), b = random_array({3, 2});
  expect_error<Invalid>([&] { tensordot(a, b, -1); }, {"[tensordot]", "-1"});
  expect_error<Invalid>([&] { tensordot(a, b, 3); }, {"[tensordot]", "3"});
  expect_error<Invalid>([&] { tensordot(a, b, {0, 1}, {1}); }, {"[tensordot]", "2", "1"});
  expect_error<Invalid>([&] { tensordot(a, b, {1, 1}, {0, 0}); }, {"[tensordot]", "twice"});
  expect_error<Invalid>([&] { tensordot(a, b, {2}, {0}); }, {"[tensordot]", "2"});
  expect_error<Invalid>([&] { tensordot(astype(a, int32), astype(b, int32), 1); },
                        {"[tensordot]", "int32"});
  expect_error<Invalid>([&] { vecdot(a, b); }, {"[vecdot]", "3", "2"});
  expect_error<Invalid>([&] { hadamard_transform(array(1.0f)); }, {"[hadamard_transform]"});
  expect_error<Invalid>([&] { hadamard_transform(random_array({36})); }, {"(36)"});
}

TEST(ProductErrors, OfSubscripts) {
  const array a = random_array({2, 3});
  expect_error<Invalid>([&] { einsum("...j->...", {a}); }, {"[einsum]", "'.'"});
  expect_error<Invalid>([&] { einsum("ijk->i", {a}); }, {"[einsum]", "ijk", "(2,3)"});
  expect_error<Invalid>([&] { einsum("ii->i", {a}); }, {"[einsum]", "'i'", "2", "3"});
  expect_error<Invalid>([&] { einsum("", {}); }, {"[einsum]", "0"});
  expect_error<Invalid>([&] { einsum_path("ij->k", {a}); }, {"[einsum_path]", "'k'"});
}

TEST(Hadamard, MatricesAreOrthogonalAndIntegersGiveFloat32) {
  for (const int n : {4, 12, 20, 28, 48}) {
    std::vector<int> identity(size_t(n) * size_t(n), 0);
    for (int i = 0; i < n; ++i) identity[size_t(i) * size_t(n + 1)] = 1;
    const array h = hadamard_transform(array(identity.begin(), {n, n}), 1.0f);
    EXPECT_EQ(h.dtype(), float32);
    std::vector<double> want(identity.begin(), identity.end());
    for (double& x : want) x *= n;
    expect_close(matmul(h, transpose(h)), want, 0, 0);
  }
}

TEST(BlockMasked, HiddenBlocksMayHoldAnything) {
  std::vector<float> ones(64 * 64, 1.0f);
  ones[0] = NAN;
  const array a(ones.begin(), {64, 64}), mask = array({0, 1, 1, 1}, {2, 2}, bool_);
  std::vector<double> want(64 * 64, 64);
  for (size_t i = 0; i < 32 * 64; ++i) want[i] = 32;
  expect_close(block_masked_mm(a, array(std::vector<float>(64 * 64, 1.0f).begin(), {64, 64}), 32,
                               std::nullopt, mask),
               want, 0, 0);
}

TEST(Einsum, OfIntegersAndManyOperands) {
  const array a = array({1, 2, 3, 4}, {2, 2}, int32);
  const array square = einsum("ij,jk->ik", {a, a});
  EXPECT_EQ(square.dtype(), int32);
  EXPECT_EQ(doubles(square), (std::vector<double>{7, 10, 15, 22}));
  const array x = random_array({2, 2}, float64);
  array want = x;
  for (int i = 0; i < 9; ++i) want = matmul(want, x);
  const std::vector<array> ten(10, x);
  const char* chain = "ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak";
  expect_close(einsum(chain, ten), doubles(want), 1e-12, 1e-12);
  EXPECT_EQ(einsum_path(chain, ten).first.size(), 9u);
}

TEST(Einsum, RepeatsAxesOfLengthOne) {
  const array a = random_array({2, 1}, float64), b = random_array({3, 4}, float64, 2);
  const auto x = doubles(a), y = doubles(b);
  std::vector<double> want;
  for (size_t i = 0; i < 2; ++i) {
    for (size_t k = 0; k < 4; ++k) want.push_back(x[i] * (y[k] + y[4 + k] + y[8 + k]));
  }
  expect_close(einsum("ij,jk->ik", {a, b}), want, 1e-12, 1e-12);
}

TEST(EinsumPath, SaysWhatEachStepCosts) {
  const auto [path, text] = einsum_path(
      "ij,jk,kl->il", {random_array({2, 9}), random_array({9, 3}), random_array({3, 4})});
  EXPECT_EQ(path, (std::vector<std::vector<int>>{{0, 1}, {0, 1}}));
  EXPECT_NE(text.find("ij,jk->ik  54"), std::string::npos) << text;
  EXPECT_EQ(einsum_path("ij->j", {random_array({2, 9})}).first,
            (std::vector<std::vector<int>>{{0}}));
}

}  // namespace
}  // namespace quern
