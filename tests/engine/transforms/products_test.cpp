#include <gtest/gtest.h>

#include "engine/ops/block_masked.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/einsum.h"
#include "engine/ops/hadamard.h"
#include "engine/ops/indexed_matmul.h"
#include "engine/ops/matmul.h"
#include "engine/ops/products.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

struct Shapes {
  Shape a, b;
};

TEST(MatmulTransforms, OfEveryPairOfBatches) {
  const auto fun = [](const Arrays& in) { return Arrays{matmul(in[0], in[1])}; };
  for (const auto& [a, b] :
       {Shapes{{2, 3}, {3, 4}}, Shapes{{3}, {3}}, Shapes{{3}, {2, 3, 4}}, Shapes{{2, 2, 3}, {3}},
        Shapes{{2, 2, 3}, {3, 4}}, Shapes{{2, 3}, {2, 3, 4}}, Shapes{{2, 1, 2, 3}, {3, 3, 2}},
        Shapes{{2, 2, 1, 3}, {1, 2, 3, 2}}, Shapes{{0, 3}, {3, 2}}, Shapes{{2, 0}, {0, 3}},
        Shapes{{0, 2, 3}, {1, 3, 2}}}) {
    expect_transforms("matmul " + to_string(a) + to_string(b), fun, {values(a, 1), values(b, 2)});
  }
}

TEST(MatmulTransforms, ReadTransposedOperandsAndOneTwice) {
  expect_transforms(
      "matmul of views",
      [](const Arrays& in) { return Arrays{matmul(transpose(in[0]), transpose(in[1]))}; },
      {values({3, 2}, 1), values({4, 3}, 2)});
  expect_transforms("square", [](const Arrays& in) { return Arrays{matmul(in[0], in[0])}; },
                    {values({3, 3}, 1)});
}

TEST(MatmulTransforms, OfAddmm) {
  for (const auto& [alpha, beta] :
       std::vector<std::pair<float, float>>{{1, 1}, {0.5f, -2}, {2, 0}, {0, 3}}) {
    const auto fun = [alpha = alpha, beta = beta](const Arrays& in) {
      return Arrays{addmm(in[0], in[1], in[2], alpha, beta)};
    };
    expect_transforms("addmm", fun, {values({2, 4}, 1), values({2, 3}, 2), values({3, 4}, 3)});
    expect_transforms("addmm batched", fun,
                      {values({4}, 1), values({2, 2, 3}, 2), values({3, 4}, 3)});
    expect_transforms("addmm broadcast", fun,
                      {values({2, 1, 1}, 1), values({2, 3}, 2), values({2, 3, 4}, 3)});
    expect_transforms("addmm vector", fun, {values({4}, 1), values({3}, 2), values({3, 4}, 3)});
  }
}

TEST(MatmulTransforms, ComplexGradientsAreConjugate) {
  const array a = array({complex64_t(1, 2), complex64_t(0, -1)}, {1, 2});
  const array b = array({complex64_t(3, 1), complex64_t(-2, 5)}, {2, 1});
  const auto fun = [](const Arrays& in) { return Arrays{matmul(in[0], in[1])}; };
  const auto gradients = vjp(fun, {a, b}, {array({complex64_t(1, 0)}, {1, 1})}).second;
  EXPECT_TRUE(array_equal(gradients[0], array({complex64_t(3, -1), complex64_t(-2, -5)}, {1, 2}))
                  .item<bool>());
  EXPECT_TRUE(array_equal(gradients[1], array({complex64_t(1, -2), complex64_t(0, 1)}, {2, 1}))
                  .item<bool>());
}

TEST(MatmulTransforms, HalfDtypesKeepTheirDtype) {
  const auto fun = [](const Arrays& in) { return Arrays{matmul(in[0], in[1])}; };
  const Arrays in{astype(values({2, 5, 3}, 1), bfloat16), astype(values({3, 4}, 2), bfloat16)};
  const auto gradients = vjp(fun, in, {astype(values({2, 5, 4}, 3), bfloat16)}).second;
  EXPECT_EQ(gradients[0].dtype(), bfloat16);
  EXPECT_EQ(gradients[1].dtype(), bfloat16);
  EXPECT_EQ(gradients[1].shape(), (Shape{3, 4}));
}

TEST(GatherMMTransforms, OfBothIndices) {
  const array lhs = array({0, 2, 1, 2}, int32), rhs = array({1, 1, 0, 3}, int32);
  expect_transforms("gather_mm",
                    [](const Arrays& in) { return Arrays{gather_mm(in[0], in[1], in[2], in[3])}; },
                    {values({3, 2, 3}, 1), values({4, 3, 2}, 2), lhs, rhs});
  expect_transforms(
      "gather_mm rhs",
      [](const Arrays& in) { return Arrays{gather_mm(in[0], in[1], std::nullopt, in[2], true)}; },
      {values({4, 1, 3}, 1), values({2, 3, 2}, 2), array({0, 0, 1, 1}, uint32)});
  expect_transforms("gather_mm lhs",
                    [](const Arrays& in) { return Arrays{gather_mm(in[0], in[1], in[2])}; },
                    {values({2, 2, 3}, 1), values({3, 3, 2}, 2), array({1, 1, 0}, uint32)});
  expect_transforms("gather_mm of views and broadcast indices",
                    [](const Arrays& in) {
                      return Arrays{gather_mm(in[0], swapaxes(in[1], -1, -2), in[2], in[3])};
                    },
                    {values({2, 2, 2, 3}, 1), values({3, 2, 3}, 2), array({0, 3}, {2, 1}, int32),
                     array({2, 0, 2}, int32)});
}

TEST(GatherMMTransforms, HalfDtypesAreSummedInFloat32) {
  // One matrix of a for many products: their gradients add up.
  const array lhs = zeros({64}, uint32), rhs = astype(arange(64), uint32);
  const auto fun = [&](const Arrays& in) { return Arrays{gather_mm(in[0], in[1], lhs, rhs)}; };
  const array c = astype(values({64, 1, 5}, 3), bfloat16);
  for (const int rows : {1, 20}) {
    const array a = astype(values({1, rows, 7}, 1), bfloat16);
    const array b = astype(values({64, 7, 5}, 2), bfloat16);
    const array cotangent = broadcast_to(c, {64, rows, 5});
    const auto got = vjp(fun, {a, b}, {cotangent}).second;
    const auto wide = [](const array& x) { return astype(x, float64); };
    const auto want = vjp(fun, {wide(a), wide(b)}, {wide(cotangent)}).second;
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(got[i].dtype(), bfloat16);
      EXPECT_TRUE(allclose(wide(got[i]), want[i], 1.0 / 256, 1e-5).item<bool>()) << rows << i;
    }
  }
}

TEST(SegmentedMMTransforms, OfSegmentsThatOverlapAndLeaveGaps) {
  const auto fun = [](const Arrays& in) { return Arrays{segmented_mm(in[0], in[1], in[2])}; };
  for (const array& segments : {array({0, 2, 2, 5, 5, 7}, {3, 2}, int32),
                                array({0, 4, 2, 6, 3, 3, 6, 5}, {2, 2, 2}, int32)}) {
    expect_transforms("segmented_mm", fun, {values({2, 7}, 1), values({7, 3}, 2), segments});
  }
}

TEST(BlockMaskedTransforms, OfBoolAndFloatMasks) {
  const array out = array({true, false, true, true}, {2, 2}), lhs = array({true, true}, {2, 1});
  expect_transforms("block_masked_mm",
                    [](const Arrays& in) {
                      return Arrays{block_masked_mm(in[0], in[1], 32, in[2], in[3], in[4])};
                    },
                    {values({33, 3}, 1), values({3, 34}, 2), out, lhs, values({1, 2}, 3)});
  expect_transforms(
      "block_masked_mm of batches",
      [](const Arrays& in) { return Arrays{block_masked_mm(in[0], in[1], 64, in[2])}; },
      {values({2, 2, 3}, 1), values({3, 4}, 2), values({2, 1, 1}, 3)});
}

TEST(ProductTransforms, OfTheNamedOnes) {
  expect_transforms("tensordot",
                    [](const Arrays& in) {
                      return Arrays{tensordot(in[0], in[1], {2, 0}, {0, 2})};
                    },
                    {values({2, 3, 4}, 1), values({4, 3, 2}, 2)});
  expect_transforms("tensordot 0",
                    [](const Arrays& in) { return Arrays{tensordot(in[0], in[1], 0)}; },
                    {values({2}, 1), values({3}, 2)});
  expect_transforms("outer", [](const Arrays& in) { return Arrays{outer(in[0], in[1])}; },
                    {values({2, 2}, 1), values({3}, 2)});
  expect_transforms("inner", [](const Arrays& in) { return Arrays{inner(in[0], in[1])}; },
                    {values({2, 3}, 1), values({4, 3}, 2)});
  expect_transforms("vecdot", [](const Arrays& in) { return Arrays{vecdot(in[0], in[1], 0)}; },
                    {values({3, 1, 2}, 1), values({3, 2, 1}, 2)});
  expect_transforms("kron", [](const Arrays& in) { return Arrays{kron(in[0], in[1])}; },
                    {values({3}, 1), values({2, 2}, 2)});
}

TEST(HadamardTransforms, OfEveryFactor) {
  for (const int n : {1, 2, 8, 12, 20, 28, 40}) {
    expect_transforms("hadamard_transform " + std::to_string(n),
                      [](const Arrays& in) { return Arrays{hadamard_transform(in[0], 0.25f)}; },
                      {values({2, n}, 1)});
  }
}

TEST(EinsumTransforms, OfEveryKindOfLetter) {
  const auto of = [](const char* subscripts) {
    return [subscripts](const Arrays& in) { return Arrays{einsum(subscripts, in)}; };
  };
  expect_transforms("einsum iij->j", of("iij->j"), {values({3, 3, 2}, 1)});
  expect_transforms("einsum iii->i", of("iii->i"), {values({2, 2, 2}, 1)});
  expect_transforms("einsum bij,bkj->ikb", of("bij,bkj->ikb"),
                    {values({2, 2, 3}, 1), values({2, 4, 3}, 2)});
  expect_transforms("einsum ij,jk,kl->", of("ij,jk,kl->"),
                    {values({2, 3}, 1), values({3, 2}, 2), values({2, 4}, 3)});
  expect_transforms("einsum ij,kj->ik of repeated axes", of("ij,kj->ik"),
                    {values({2, 1}, 1), values({3, 4}, 2)});
}

}  // namespace
}  // namespace quern::tests
