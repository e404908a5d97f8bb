#include "engine/ops/shape.h"

#include <gtest/gtest.h>

#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/transforms/transforms.h"
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

TEST(TransformsOfShape, AxesOfLength1) {
  expect_transforms("expand_dims",
                    [](const auto& in) {
                      return Arrays{expand_dims(in[0], {0, -1})};
                    },
                    {values({2, 3}, 1)});
  expect_transforms("squeeze",
                    [](const auto& in) {
                      return Arrays{squeeze(in[0], {0, 2})};
                    },
                    {values({1, 2, 1, 3}, 1)});
  expect_transforms("atleast_3d", [](const auto& in) { return atleast_3d(in); },
                    {values({2}, 1), values({}, 2), values({2, 3}, 3)});
}

TEST(TransformsOfShape, FlattenUnflatten) {
  expect_transforms("flatten", [](const auto& in) { return Arrays{flatten(in[0], 1, 2)}; },
                    {values({2, 3, 2, 2}, 1)});
  expect_transforms("unflatten",
                    [](const auto& in) {
                      return Arrays{unflatten(in[0], 1, {2, -1})};
                    },
                    {values({3, 4, 2}, 1)});
  expect_transforms("flatten of a scalar", [](const auto& in) { return Arrays{flatten(in[0])}; },
                    {values({}, 1)});
}

TEST(TransformsOfShape, BroadcastArrays) {
  expect_transforms("broadcast_arrays", [](const auto& in) { return broadcast_arrays(in); },
                    {values({2, 1}, 1), values({3}, 2), values({}, 3)});
}

TEST(TransformsOfShape, AsStrided) {
  expect_transforms("overlapping",
                    [](const auto& in) {
                      return Arrays{as_strided(in[0], {3, 4}, {2, 1}, 0)};
                    },
                    {values({2, 4}, 1)});
  expect_transforms("backwards",
                    [](const auto& in) {
                      return Arrays{as_strided(in[0], {3, 2}, {-2, 0}, 5)};
                    },
                    {values({6}, 1)});
  expect_vmap("nothing",
              [](const auto& in) {
                return Arrays{as_strided(in[0], {0, 2}, {1, 1}, 3)};
              },
              {values({6}, 1)});
}

TEST(TransformsOfShape, View) {
  const array a = astype(values({2, 4}, 1), float32);
  expect_vmap("float32 as uint8", [](const auto& in) { return Arrays{view(in[0], uint8)}; }, {a});
  expect_vmap("float32 as int32", [](const auto& in) { return Arrays{view(in[0], int32)}; }, {a});
  const auto as_complex = [](const Arrays& in) { return Arrays{view(in[0], complex64)}; };
  expect_vmap("float32 as complex64", as_complex, {a});
  const array c = view(a, complex64);
  EXPECT_TRUE(array_equal(vjp(as_complex, {a}, {c}).second[0], a).item<bool>());
  EXPECT_TRUE(array_equal(jvp(as_complex, {a}, {a}).second[0], c).item<bool>());
  const auto as_bits = [](const array& x) { return view(x, int32); };
  EXPECT_TRUE(array_equal(vjp(as_bits, a, view(a, int32)).second, zeros_like(a)).item<bool>());
}

TEST(TransformsOfShape, Depends) {
  expect_transforms("depends",
                    [](const auto& in) {
                      return depends({in[0], in[1]}, {in[2]});
                    },
                    {values({2}, 1), values({3, 2}, 2), values({2}, 3)});
}

TEST(TransformsOfShape, SplitsAndCopies) {
  expect_transforms("split", [](const auto& in) { return split(in[0], 2, 1); },
                    {values({2, 4}, 1)});
  expect_transforms("unstack", [](const auto& in) { return unstack(in[0], -1); },
                    {values({2, 3}, 1)});
  expect_transforms("repeat", [](const auto& in) { return Arrays{repeat(in[0], 3, 1)}; },
                    {values({2, 3}, 1)});
  expect_transforms("tile",
                    [](const auto& in) {
                      return Arrays{tile(in[0], {2, 1, 3})};
                    },
                    {values({2, 3}, 1)});
  expect_transforms("meshgrid", [](const auto& in) { return meshgrid(in); },
                    {values({2}, 1), values({3}, 2), values({}, 3)});
}

TEST(TransformsOfShape, FlipAndRoll) {
  expect_transforms("flip",
                    [](const auto& in) {
                      return Arrays{flip(in[0], {0, -1})};
                    },
                    {values({2, 3, 4}, 1)});
  expect_transforms("roll",
                    [](const auto& in) {
                      return Arrays{roll(in[0], {5, -1}, {0, 1})};
                    },
                    {values({3, 4}, 1)});
  expect_transforms("roll over all", [](const auto& in) { return Arrays{roll(in[0], 2)}; },
                    {values({3, 4}, 1)});
}

TEST(TransformsOfShape, Diagonals) {
  for (const int offset : {0, 1, -2, 9}) {
    expect_transforms("diagonal",
                      [&](const auto& in) { return Arrays{diagonal(in[0], offset, 2, 0)}; },
                      {values({3, 2, 4}, 1)});
    expect_transforms("trace", [&](const auto& in) { return Arrays{trace(in[0], offset, 0, 1)}; },
                      {values({3, 4}, 1)});
  }
  expect_transforms("diag", [](const auto& in) { return Arrays{diag(in[0], -1)}; },
                    {values({3}, 1)});
}

TEST(TransformsOfShape, Pad) {
  expect_transforms("constant",
                    [](const auto& in) {
                      return Arrays{pad(in[0], {{1, 2}, {0, 3}}, in[1])};
                    },
                    {values({2, 3}, 1), values({}, 2)});
  for (const char* mode : {"edge", "reflect", "symmetric"}) {
    for (const int width : {1, 2, 5}) {
      expect_transforms(mode,
                        [&](const auto& in) {
                          return Arrays{pad(in[0], {1, 0}, {width, 0}, {1, width}, array(0), mode)};
                        },
                        {values({2, 3}, 1)});
    }
  }
  expect_vmap("a scalar", [](const auto& in) { return Arrays{pad(in[0], 1, in[1])}; },
              {values({}, 1), values({}, 2)});
  expect_vmap("nothing",
              [](const auto& in) {
                return Arrays{pad(in[0], {1, 2}, in[1])};
              },
              {values({0}, 1), values({}, 2)});
}

}  // namespace
}  // namespace quern::tests
