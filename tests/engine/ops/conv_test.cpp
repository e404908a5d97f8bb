#include "engine/ops/conv.h"

#include <gtest/gtest.h>

#include "engine/ops/creation.h"
#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

struct Setting {
  const char* name;
  Shape input, weight;  ///< two spatial axes
  std::pair<int, int> stride{1, 1}, padding{0, 0}, dilation{1, 1};
  int groups = 1;
};

/// The definition, over dense float64 elements.
std::vector<double> convolved(const Setting& c, const std::vector<double>& x,
                              const std::vector<double>& w, const Shape& out) {
  const int height = c.input[1], width = c.input[2], channels = c.input[3];
  const int rows = c.weight[1], columns = c.weight[2], per_group = c.weight[3];
  const int kernels = c.weight[0] / c.groups;
  std::vector<double> result;
  for (int n = 0; n < out[0]; ++n) {
    for (int i = 0; i < out[1]; ++i) {
      for (int j = 0; j < out[2]; ++j) {
        for (int o = 0; o < out[3]; ++o) {
          double sum = 0;
          for (int r = 0; r < rows; ++r) {
            for (int s = 0; s < columns; ++s) {
              const int y = i * c.stride.first + r * c.dilation.first - c.padding.first;
              const int z = j * c.stride.second + s * c.dilation.second - c.padding.second;
              if (y < 0 || y >= height || z < 0 || z >= width) continue;
              for (int k = 0; k < per_group; ++k) {
                const int channel = o / kernels * per_group + k;
                sum += x[size_t(((n * height + y) * width + z) * channels + channel)] *
                       w[size_t(((o * rows + r) * columns + s) * per_group + k)];
              }
            }
          }
          result.push_back(sum);
        }
      }
    }
  }
  return result;
}

class Conv : public testing::TestWithParam<Dtype> {};

TEST_P(Conv, AgreesWithTheDefinition) {
  const Dtype dtype = GetParam();
  const Setting settings[] = {
      {"more than one panel", {2, 13, 17, 40}, {35, 3, 3, 40}, {1, 1}, {1, 1}},
      {"three channels", {1, 20, 20, 3}, {33, 7, 7, 3}, {2, 2}, {3, 3}},
      {"one kernel", {1, 9, 9, 20}, {1, 3, 3, 20}, {1, 1}, {1, 1}, {2, 2}},
      {"one tap", {2, 8, 9, 30}, {40, 1, 1, 30}},
      {"one tap with stride", {2, 8, 9, 30}, {40, 1, 1, 30}, {2, 3}},
      {"one tap with padding", {1, 4, 4, 5}, {6, 1, 1, 5}, {1, 1}, {2, 1}},
      {"groups", {2, 10, 8, 12}, {18, 3, 2, 4}, {1, 2}, {1, 0}, {2, 1}, 3},
      {"depthwise", {2, 9, 8, 300}, {300, 3, 3, 1}, {1, 1}, {1, 1}, {1, 1}, 300},
      {"depthwise of a large kernel", {1, 12, 11, 19}, {19, 9, 10, 1}, {1, 1}, {4, 4}, {1, 1}, 19},
      {"depthwise of two kernels", {1, 6, 7, 21}, {42, 3, 3, 1}, {2, 1}, {1, 0}, {1, 1}, 21},
  };
  for (const Setting& c : settings) {
    SCOPED_TRACE(c.name);
    const array x = random_array(c.input, dtype, 1), w = random_array(c.weight, dtype, 2);
    const array out = conv2d(x, w, c.stride, c.padding, c.dilation, c.groups);
    ASSERT_EQ(out.dtype(), dtype);
    const auto want = convolved(c, doubles(x), doubles(w), out.shape());
    const int depth = c.weight[1] * c.weight[2] * c.weight[3];
    expect_close(out, want, 1.01 * precision(dtype), 1e-7 * depth);
    // Channels that lie apart, reversed rows and a transposed weight.
    const array view =
        slice(repeat(slice(x, {0, c.input[1] - 1, 0, 0},
                           {c.input[0], -c.input[1] - 1, c.input[2], c.input[3]}, {1, -1, 1, 1}),
                     2, 3),
              {0, c.input[1] - 1, 0, 0}, {c.input[0], -c.input[1] - 1, c.input[2], 2 * c.input[3]},
              {1, -1, 1, 2});
    const array turned = transpose(contiguous(transpose(w)));
    expect_close(conv2d(view, turned, c.stride, c.padding, c.dilation, c.groups), want,
                 1.01 * precision(dtype), 1e-7 * depth);
  }
}

INSTANTIATE_TEST_SUITE_P(Floats, Conv, testing::Values(float32, float16, bfloat16, float64),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST_P(Conv, TransposedIsTheConvolutionOfTheSpreadInput) {
  const Dtype dtype = GetParam();
  for (const int groups : {1, 6}) {
    const array x = random_array({2, 5, 4, 6}, dtype, 1);
    const array w = random_array({12, 3, 2, 6 / groups}, dtype, 2);
    Shape spread{2, 9, 10, 6};  // 2 and 3 apart
    const array apart = slice_update(zeros(spread, dtype), x, {0, 0, 0, 0}, spread, {1, 2, 3, 1});
    const array turned = slice(w, {0, 2, 1, 0}, {12, -4, -3, 6 / groups}, {1, -1, -1, 1});
    // Padding that the kernel reaches over, less what is cut off; one row more at the end.
    const array padded =
        slice_update(zeros({2, 12, 12, 6}, dtype), apart, {0, 1, 1, 0}, {2, 10, 11, 6});
    const array want = conv2d(padded, turned, {1, 1}, {0, 0}, {1, 1}, groups);
    const array got = conv_transpose2d(x, w, {2, 3}, {1, 0}, {1, 1}, {1, 0}, groups);
    ASSERT_EQ(got.shape(), want.shape());
    expect_close(got, doubles(want), 1.01 * precision(dtype), 1e-6);
  }
}

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

TEST(ConvErrors, NameTheNumbers) {
  const array x = random_array({1, 8, 4}), w = random_array({6, 3, 4});
  using Invalid = std::invalid_argument;
  expect_error<Invalid>([&] { conv1d(x, w, 0); }, {"[conv]", "stride", "0"});
  expect_error<Invalid>([&] { conv1d(x, w, 1, 0, -2); }, {"[conv]", "dilation", "-2"});
  expect_error<Invalid>([&] { conv1d(x, w, 1, -3); }, {"[conv]", "3", "2"});
  expect_error<Invalid>([&] { conv1d(x, w, 1, 0, 4); }, {"[conv]", "9", "8"});
  expect_error<Invalid>([&] { conv1d(x, w, 1, 0, 1, 0); }, {"[conv]", "groups"});
  expect_error<Invalid>([&] { conv1d(x, w, 1, 0, 1, 4); }, {"[conv]", "6", "4 groups"});
  expect_error<Invalid>([&] { conv1d(astype(x, int32), astype(w, int32)); }, {"[conv]", "int32"});
  expect_error<Invalid>([&] { conv1d(astype(x, complex64), w); }, {"[conv]", "complex64"});
  expect_error<Invalid>([&] { conv1d(x, random_array({6, 0, 4})); }, {"[conv]", "(6,0,4)"});
  expect_error<Invalid>([&] { conv_general(x, w, {1, 1}); }, {"[conv]", "2", "stride"});
  expect_error<Invalid>(
      [&] {
        conv_general(random_array({1, 2, 2, 2, 2, 4}), w);
      },
      {"[conv]", "(1,2,2,2,2,4)"});
  constexpr int most = std::numeric_limits<int>::max();
  expect_error<std::overflow_error>([&] { conv1d(x, w, 1, most / 2 + 10); }, {"[conv]", "length"});
  expect_error<std::overflow_error>([&] { conv_transpose1d(x, w, most); }, {"[conv]", "length"});
  expect_error<std::overflow_error>([&] { conv_transpose1d(x, w, 1, 0, most); },
                                    {"[conv_transpose]"});
}

TEST(ConvGeneral, TakesOnePaddingForBothEnds) {
  const array x = random_array({1, 8, 4}), w = random_array({6, 3, 4});
  EXPECT_EQ(doubles(conv_general(x, w, {2}, {1}, {}, {}, 1)), doubles(conv1d(x, w, 2, 1)));
  EXPECT_EQ(
      conv_general(random_array({1, 8, 8, 4}), random_array({6, 3, 3, 4}), {2}, {1}, {1}).shape(),
      (Shape{1, 4, 4, 6}));
}

}  // namespace
}  // namespace quern
