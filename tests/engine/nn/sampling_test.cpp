#include <gtest/gtest.h>

#include <cmath>

#include "engine/nn/pooling.h"
#include "engine/nn/upsample.h"
#include "engine/ops/creation.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

using namespace nn;

namespace {

/// Pooling of x [1, H, W, C], all windows by hand.
std::vector<double> pooled(const array& x, int kh, int kw, int sh, int sw, int ph, int pw,
                           bool largest) {
  const int height = x.shape(1), width = x.shape(2), channels = x.shape(3);
  const std::vector<double> in = doubles(x);
  std::vector<double> out;
  for (int i = -ph; i + kh <= height + ph; i += sh) {
    for (int j = -pw; j + kw <= width + pw; j += sw) {
      for (int c = 0; c < channels; ++c) {
        double value = largest ? -INFINITY : 0;
        for (int y = i; y < i + kh; ++y) {
          for (int z = j; z < j + kw; ++z) {
            if (y < 0 || z < 0 || y >= height || z >= width) continue;
            const double element = in[size_t((y * width + z) * channels + c)];
            value = largest ? std::max(value, element) : value + element / (kh * kw);
          }
        }
        out.push_back(value);
      }
    }
  }
  return out;
}

}  // namespace

TEST(Pooling, TakesWindowsOfImages) {
  const array x = random_array({1, 6, 8, 3});
  struct {
    int kh, kw, sh, sw, ph, pw;
  } cases[] = {{2, 4, 2, 4, 0, 0}, {3, 3, 1, 2, 0, 0}, {3, 2, 2, 2, 1, 1}, {4, 4, 4, 4, 0, 0}};
  for (const auto& c : cases) {
    const Sizes<2> kernel{c.kh, c.kw}, stride{c.sh, c.sw}, padding{c.ph, c.pw};
    expect_close(MaxPool2d(kernel, stride, padding)(x),
                 pooled(x, c.kh, c.kw, c.sh, c.sw, c.ph, c.pw, true), 0, 0);
    expect_close(AvgPool2d(kernel, stride, padding)(x),
                 pooled(x, c.kh, c.kw, c.sh, c.sw, c.ph, c.pw, false), 1e-6, 1e-6);
  }
}

TEST(Pooling, TakesWindowsOfSequencesAndVolumes) {
  const array x({1.0f, 5.0f, 2.0f, 4.0f, 3.0f}, Shape{1, 5, 1});
  expect_close(MaxPool1d(2)(x), {5, 4}, 0, 0);
  expect_close(MaxPool1d(2, 1)(x), {5, 5, 4, 4}, 0, 0);
  expect_close(AvgPool1d(3, 2, 1)(x), {2, 11 / 3.0, 7 / 3.0}, 1e-6, 0);
  const array volume = random_array({2, 4, 4, 6, 3});
  EXPECT_EQ(MaxPool3d(2)(volume).shape(), (Shape{2, 2, 2, 3, 3}));
  EXPECT_EQ(AvgPool3d(Sizes<3>{3, 2, 1}, 1)(volume).shape(), (Shape{2, 2, 3, 6, 3}));
  // Evaluated twice: the tiled windows are those of the general way.
  expect_close(AvgPool3d(2)(ones({1, 4, 4, 4, 2})), std::vector<double>(16, 1), 1e-6, 0);
}

TEST(Pooling, ErrorsSayTheNumbers) {
  EXPECT_THROW(MaxPool2d(0), std::invalid_argument);
  EXPECT_THROW(MaxPool2d(2, Sizes<2>{1, 0}), std::invalid_argument);
  EXPECT_THROW(AvgPool1d(2, 1, -1), std::invalid_argument);
  EXPECT_THROW(MaxPool2d(2)(ones({4, 4, 1})), std::invalid_argument);
  try {
    MaxPool2d(3)(ones({1, 2, 4, 1}));
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[MaxPool2d] the input (1,2,4,1) is shorter than a window of 3, 3");
  }
}

namespace {

array sequence(std::initializer_list<float> values) {
  return array(values, Shape{1, int(values.size()), 1});
}

}  // namespace

TEST(Upsample, Nearest) {
  expect_close(Upsample(2)(sequence({1, 2, 3})), {1, 1, 2, 2, 3, 3}, 0, 0);
  expect_close(Upsample(0.5f)(sequence({1, 2, 3, 4})), {1, 3}, 0, 0);
  expect_close(Upsample(1.5f)(sequence({1, 2})), {1, 1, 2}, 0, 0);
  const array image({1.0f, 2.0f, 3.0f, 4.0f}, Shape{1, 2, 2, 1});
  expect_close(Upsample({1, 3})(image), {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}, 0, 0);
  EXPECT_EQ(Upsample(2)(ones({2, 3, 4, 5, 6})).shape(), (Shape{2, 6, 8, 10, 6}));
}

TEST(Upsample, LinearAsPyTorchInterpolates) {
  // torch.nn.functional.interpolate([1, 2, 4], scale_factor=2, mode="linear")
  expect_close(Upsample(2, "linear")(sequence({1, 2, 4})), {1, 1.25, 1.75, 2.5, 3.5, 4}, 1e-6, 0);
  expect_close(Upsample(2, "linear", true)(sequence({1, 2, 4})), {1, 1.4, 1.8, 2.4, 3.2, 4}, 1e-6,
               0);
  // Bilinear: the product of the two directions.
  const array image({1.0f, 2.0f, 3.0f, 4.0f}, Shape{1, 2, 2, 1});
  expect_close(Upsample(2, "linear")(image),
               {1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4},
               1e-6, 0);
}

TEST(Upsample, CubicByItsKernel) {
  const std::vector<double> in{1, 3, 2, 5, 4};
  const auto kernel = [](double x) {
    const double a = -0.75;
    x = std::abs(x);
    if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
    if (x < 2) return a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a;
    return 0.0;
  };
  for (const bool align : {false, true}) {
    std::vector<double> wanted;
    for (int i = 0; i < 10; ++i) {
      const double position = align ? i * 4 / 9.0 : (i + 0.5) / 2 - 0.5;
      double sum = 0;
      for (int k = -3; k < 9; ++k) sum += in[size_t(std::clamp(k, 0, 4))] * kernel(position - k);
      wanted.push_back(sum);
    }
    expect_close(Upsample(2, "cubic", align)(sequence({1, 3, 2, 5, 4})), wanted, 1e-5, 1e-5);
  }
}

TEST(Upsample, AntialiasingAveragesWhatItSkips) {
  // Triangles of twice the width around 0.5 and 2.5; what lies outside the input does not count.
  const array y = Upsample(0.5f, "linear", false, true)(sequence({1, 2, 4, 8}));
  expect_close(y,
               {(0.75 * 1 + 0.75 * 2 + 0.25 * 4) / 1.75, (0.25 * 2 + 0.75 * 4 + 0.75 * 8) / 1.75},
               1e-6, 0);
  expect_close(Upsample(0.25f, "cubic", false, true)(ones({1, 16, 1})), {1, 1, 1, 1}, 1e-6, 0);
  // Enlarging it is plain linear interpolation inside.
  const std::vector<double> plain = doubles(Upsample(2, "linear")(sequence({1, 2, 4})));
  expect_close(Upsample(2, "linear", false, true)(sequence({1, 2, 4})), plain, 1e-6, 0);
}

TEST(Upsample, ErrorsSayTheNumbers) {
  EXPECT_THROW(Upsample(2, "quadratic"), std::invalid_argument);
  EXPECT_THROW(Upsample(2, "nearest", false, true), std::invalid_argument);
  EXPECT_THROW(Upsample(2, "linear", true, true), std::invalid_argument);
  EXPECT_THROW(Upsample(0), std::invalid_argument);
  EXPECT_THROW(Upsample(2)(ones({2, 3})), std::invalid_argument);
  EXPECT_THROW(Upsample({2, 2})(ones({2, 3, 4})), std::invalid_argument);
}

}  // namespace quern::tests
