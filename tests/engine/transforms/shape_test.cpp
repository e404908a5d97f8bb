#include "engine/ops/shape.h"

#include <gtest/gtest.h>

#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

TEST(TransformsOfShape, Reshape) {
  for (const Shape& to : {Shape{6}, Shape{3, 2}, Shape{1, 2, 3, 1}}) {
    expect_transforms("reshape", [&](const auto& in) { return Arrays{reshape(in[0], to)}; },
                      {values({2, 3}, 1)});
  }
  expect_vmap("reshape of nothing",
              [](const auto& in) {
                return Arrays{reshape(in[0], {3, 0})};
              },
              {values({0, 2}, 1)});
}

TEST(TransformsOfShape, Transpose) {
  expect_transforms("transpose",
                    [](const auto& in) {
                      return Arrays{transpose(in[0], {1, 2, 0})};
                    },
                    {values({2, 3, 4}, 1)});
  expect_transforms("swapaxes", [](const auto& in) { return Arrays{swapaxes(in[0], 0, -1)}; },
                    {values({2, 3, 4}, 1)});
  expect_vmap("a scalar", [](const auto& in) { return Arrays{transpose(in[0])}; }, {values({}, 1)});
}

TEST(TransformsOfShape, Contiguous) {
  expect_transforms("contiguous",
                    [](const auto& in) { return Arrays{contiguous(transpose(in[0]))}; },
                    {values({2, 3}, 1)});
}

TEST(TransformsOfShape, Concatenate) {
  for (const int axis : {0, 1}) {
    expect_transforms("concatenate",
                      [&](const auto& in) {
                        return Arrays{concatenate({in[0], in[1], in[0]}, axis)};
                      },
                      {values({2, 3}, 1), values({2, 3}, 2)});
  }
  expect_transforms("stack",
                    [](const auto& in) {
                      return Arrays{stack({in[0], in[1]}, 1)};
                    },
                    {values({2, 3}, 1), values({2, 3}, 2)});
  expect_transforms("split",
                    [](const auto& in) {
                      return split(in[0], Shape{1, 4}, 1);
                    },
                    {values({2, 5}, 1)});
}

}  // namespace
}  // namespace quern::tests
