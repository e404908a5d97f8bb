#include "engine/ops/conv.h"

#include <gtest/gtest.h>

#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/shape.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

using Numbers = std::vector<int>;

struct Setting {
  const char* name;
  Shape input, weight;
  Numbers stride, low, high, kernel_dilation, input_dilation;
  int groups;
  bool flip;
};

TEST(ConvTransforms, OfEveryParameter) {
  const Setting settings[] = {
      {"plain", {2, 5, 2}, {3, 3, 2}, {}, {}, {}, {}, {}, 1, false},
      {"a tap", {2, 4, 2}, {3, 1, 2}, {}, {}, {}, {}, {}, 1, false},
      {"stride with a rest", {1, 8, 2}, {2, 3, 2}, {2}, {1}, {1}, {}, {}, 1, false},
      {"uneven padding", {1, 5, 2}, {2, 3, 2}, {}, {2}, {0}, {}, {}, 1, false},
      {"negative padding", {1, 7, 1}, {2, 2, 1}, {2}, {-1}, {-2}, {}, {}, 1, false},
      {"dilated kernel", {1, 7, 1}, {2, 3, 1}, {2}, {1}, {0}, {2}, {}, 1, false},
      {"dilated input", {1, 4, 2}, {1, 3, 2}, {2}, {1}, {2}, {}, {3}, 1, false},
      {"flip", {2, 5, 1}, {2, 3, 1}, {2}, {1}, {1}, {}, {2}, 1, true},
      {"groups", {2, 4, 4}, {6, 2, 2}, {}, {1}, {0}, {}, {}, 2, false},
      {"groups flip", {1, 4, 4}, {2, 3, 2}, {2}, {1}, {2}, {}, {2}, 2, true},
      {"depthwise", {2, 5, 3}, {3, 2, 1}, {2}, {1}, {1}, {}, {}, 3, false},
      {"depthwise of two kernels", {2, 4, 2}, {4, 3, 1}, {}, {1}, {1}, {}, {}, 2, true},
      {"two axes", {2, 4, 3, 2}, {2, 2, 3, 2}, {1, 2}, {0, 1}, {1, 2}, {2, 1}, {1, 2}, 1, false},
      {"two axes depthwise",
       {2, 3, 4, 2},
       {2, 2, 2, 1},
       {2, 1},
       {1, 0},
       {0, 1},
       {1, 2},
       {},
       2,
       false},
      {"three axes",
       {1, 2, 3, 2, 2},
       {2, 2, 2, 1, 1},
       {1, 2, 1},
       {1, 0, 0},
       {0, 1, 0},
       {},
       {},
       2,
       true},
      {"no batch", {0, 4, 2}, {3, 2, 2}, {}, {}, {}, {}, {}, 1, false},
      {"no channels", {1, 4, 0}, {3, 2, 0}, {}, {}, {}, {}, {}, 1, false},
      {"no kernels", {1, 4, 2}, {0, 2, 2}, {}, {}, {}, {}, {}, 1, false},
  };
  for (const Setting& s : settings) {
    const auto fun = [&](const Arrays& in) {
      return Arrays{conv_general(in[0], in[1], s.stride, s.low, s.high, s.kernel_dilation,
                                 s.input_dilation, s.groups, s.flip)};
    };
    expect_transforms(s.name, fun, {values(s.input, 1), values(s.weight, 2)});
  }
}

TEST(ConvTransforms, OfTheTransposed) {
  expect_transforms(
      "conv_transpose2d",
      [](const Arrays& in) {
        return Arrays{conv_transpose2d(in[0], in[1], {2, 1}, {1, 2}, {1, 2}, {1, 0}, 2)};
      },
      {values({1, 3, 4, 4}, 1), values({2, 2, 3, 2}, 2)});
}

TEST(ConvTransforms, ReadViews) {
  expect_transforms("conv of views",
                    [](const Arrays& in) {
                      return Arrays{conv2d(transpose(in[0], {0, 2, 3, 1}),
                                           transpose(in[1], {3, 1, 2, 0}), {1, 1}, {1, 1})};
                    },
                    {values({1, 2, 3, 4}, 1), values({2, 2, 2, 3}, 2)});
}

TEST(ConvTransforms, DepthwiseHalvesAreSummedInFloat32) {
  const auto fun = [](const Arrays& in) { return Arrays{conv1d(in[0], in[1], 1, 1, 1, 3)}; };
  const array x = values({40, 6, 3}, 1), w = values({3, 3, 1}, 2), c = values({40, 6, 3}, 3);
  const auto half = [](const array& a) { return astype(a, bfloat16); };
  const auto got = vjp(fun, {half(x), half(w)}, {half(c)}).second;
  const auto wide = [&](const array& a) { return astype(half(a), float64); };
  const auto want = vjp(fun, {wide(x), wide(w)}, {wide(c)}).second;
  EXPECT_EQ(got[1].dtype(), bfloat16);
  EXPECT_TRUE(allclose(astype(got[1], float64), want[1], 1.0 / 256, 1e-5).item<bool>());
}

}  // namespace
}  // namespace quern::tests
