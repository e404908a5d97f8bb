#include "engine/nn/normalization.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

using namespace nn;

namespace {

/// x with the elements of equal key made mean 0 and variance 1, then times weight[c] plus bias[c].
std::vector<double> standardized(const array& x, const std::function<size_t(size_t)>& key,
                                 double eps, const std::vector<double>& weight = {},
                                 const std::vector<double>& bias = {}) {
  std::vector<double> y = doubles(x);
  std::map<size_t, std::vector<size_t>> groups;
  for (size_t i = 0; i < y.size(); ++i) groups[key(i)].push_back(i);
  for (const auto& [group, members] : groups) {
    double mean = 0, variance = 0;
    for (const size_t i : members) mean += y[i] / double(members.size());
    for (const size_t i : members) variance += std::pow(y[i] - mean, 2) / double(members.size());
    for (const size_t i : members) y[i] = (y[i] - mean) / std::sqrt(variance + eps);
  }
  const size_t features = size_t(x.shape(-1));
  for (size_t i = 0; i < y.size() && !weight.empty(); ++i) {
    y[i] = y[i] * weight[i % features] + bias[i % features];
  }
  return y;
}

const array weight = random_array({6}, float32, 8);
const array bias = random_array({6}, float32, 9);
const Parameters affine{{"weight", weight}, {"bias", bias}};
const array x = random_array({2, 3, 5, 6}) * 3.0f + array({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f});

}  // namespace

TEST(Normalization, LayerAndRmsNorm) {
  LayerNorm layer(6, 1e-3f);
  layer.update(affine);
  const auto row = [](size_t i) { return i / 6; };
  expect_close(layer(x), standardized(x, row, 1e-3, doubles(weight), doubles(bias)), 1e-5, 1e-5);
  expect_close(LayerNorm(6, 1e-3f, false)(x), standardized(x, row, 1e-3), 1e-5, 1e-5);
  RMSNorm rms(6, 1e-3f);
  rms.update({{"weight", weight}});
  std::vector<double> wanted = doubles(x);
  for (size_t i = 0; i < wanted.size(); i += 6) {
    double squares = 0;
    for (size_t k = i; k < i + 6; ++k) squares += wanted[k] * wanted[k] / 6;
    for (size_t k = i; k < i + 6; ++k) {
      wanted[k] *= doubles(weight)[k - i] / std::sqrt(squares + 1e-3);
    }
  }
  expect_close(rms(x), wanted, 1e-5, 1e-5);
}

TEST(Normalization, InstanceNorm) {
  const auto key = [](size_t i) { return i / 90 * 6 + i % 6; };
  expect_close(InstanceNorm(6, 1e-3f)(x), standardized(x, key, 1e-3), 1e-5, 1e-5);
  InstanceNorm layer(6, 1e-3f, true);
  layer.update(affine);
  expect_close(layer(x), standardized(x, key, 1e-3, doubles(weight), doubles(bias)), 1e-5, 1e-5);
  EXPECT_THROW(layer(zeros({2, 6})), std::invalid_argument);
}

TEST(Normalization, GroupNorm) {
  const auto strided = [](size_t i) { return i / 90 * 2 + i % 2; };
  GroupNorm layer(2, 6, 1e-3f);
  layer.update(affine);
  expect_close(layer(x), standardized(x, strided, 1e-3, doubles(weight), doubles(bias)), 1e-5,
               1e-5);
  const auto blocks = [](size_t i) { return i / 90 * 2 + i % 6 / 3; };
  expect_close(GroupNorm(2, 6, 1e-3f, false, true)(x), standardized(x, blocks, 1e-3), 1e-5, 1e-5);
  EXPECT_THROW(GroupNorm(4, 6), std::invalid_argument);
  EXPECT_THROW(GroupNorm(0, 6), std::invalid_argument);
}

TEST(Normalization, BatchNormMovesItsStatistics) {
  BatchNorm layer(6, 1e-3f, 0.25f);
  layer.update(affine);
  const auto feature = [](size_t i) { return i % 6; };
  expect_close(layer(x), standardized(x, feature, 1e-3, doubles(weight), doubles(bias)), 1e-5,
               1e-5);
  const std::vector<double> in = doubles(x);
  std::vector<double> mean(6), variance(6), running_mean(6), running_var(6);
  for (size_t i = 0; i < in.size(); ++i) mean[i % 6] += in[i] / 30;
  for (size_t i = 0; i < in.size(); ++i) variance[i % 6] += std::pow(in[i] - mean[i % 6], 2) / 29;
  for (size_t c = 0; c < 6; ++c) {
    running_mean[c] = 0.25 * mean[c];
    running_var[c] = 0.75 + 0.25 * variance[c];
  }
  expect_close(*layer.running_mean, running_mean, 1e-5, 1e-6);
  expect_close(*layer.running_var, running_var, 1e-5, 1e-6);
  layer.eval();
  std::vector<double> wanted = in;
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t c = i % 6;
    wanted[i] = (in[i] - running_mean[c]) / std::sqrt(running_var[c] + 1e-3) * doubles(weight)[c] +
                doubles(bias)[c];
  }
  expect_close(layer(x), wanted, 1e-5, 1e-5);
  expect_close(*layer.running_mean, running_mean, 1e-5, 1e-6);
}

TEST(Normalization, BatchNormWithoutRunningStatistics) {
  BatchNorm layer(6, 1e-3f, 0.1f, false, false);
  const std::vector<double> wanted = standardized(
      x, [](size_t i) { return i % 6; }, 1e-3);
  expect_close(layer(x), wanted, 1e-5, 1e-5);
  layer.eval();
  expect_close(layer(x), wanted, 1e-5, 1e-5);
}

TEST(Normalization, ErrorsSayTheNumbers) {
  BatchNorm layer(6);
  try {
    layer(zeros({1, 6}));
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "[BatchNorm] training needs more than one value per feature; the input is (1,6)");
  }
  layer.eval();
  EXPECT_NO_THROW(layer(zeros({1, 6})));
  EXPECT_THROW(layer(zeros({6})), std::invalid_argument);
  EXPECT_THROW(layer(zeros({1, 2, 3, 4, 6})), std::invalid_argument);
  EXPECT_THROW(LayerNorm(4, 0.0f), std::invalid_argument);
  EXPECT_THROW(RMSNorm(4, -1.0f), std::invalid_argument);
  EXPECT_THROW(GroupNorm(2, 4, 0.0f), std::invalid_argument);
  EXPECT_THROW(InstanceNorm(4, 0.0f), std::invalid_argument);
  EXPECT_THROW(BatchNorm(4, 0.0f), std::invalid_argument);
}

}  // namespace quern::tests
