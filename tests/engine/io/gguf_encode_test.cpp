#include "engine/io/gguf_encode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "engine/array/half.h"

namespace quern {
namespace {

/// Of a normal distribution, with a few outliers as weights have them.
std::vector<float> weights(size_t n, float sigma) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> out(n);
  for (float& x : out) x = normal(random) * (random() % 200 == 0 ? 4.0f : 1.0f);
  return out;
}

std::vector<float> round_trip(const GGUFType& type, const std::vector<float>& x) {
  std::vector<uint8_t> blocks(x.size() / type.block_elements * type.block_bytes);
  encode_gguf_blocks(type, x.data(), x.size(), blocks.data());
  std::vector<float> out(x.size());
  for (size_t i = 0; i < x.size() / type.block_elements; ++i)
    type.decode(&blocks[i * type.block_bytes], &out[i * type.block_elements]);
  return out;
}

/// Root of the mean squared error over that of the values.
double error(const std::vector<float>& x, const std::vector<float>& y) {
  double squares = 0, all = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    squares += std::pow(double(x[i]) - double(y[i]), 2);
    all += std::pow(double(x[i]), 2);
  }
  return std::sqrt(squares / all);
}

struct Case {
  uint32_t type;
  double worst;  ///< what a uniform step over the range of a group makes, less what fitting gains
};

TEST(GGUFEncode, IsAsGoodAsTheTypeAllows) {
  for (const Case& c : {Case{2, 0.092},
                        {3, 0.080},
                        {6, 0.046},
                        {7, 0.039},
                        {8, 0.0062},
                        {12, 0.078},
                        {13, 0.040},
                        {14, 0.0200}}) {
    const GGUFType& type = *find_gguf_type(c.type);
    ASSERT_TRUE(can_encode_gguf(type));
    for (const float sigma : {0.02f, 3.0f}) {
      const std::vector<float> x = weights(256 * 200, sigma);
      const double found = error(x, round_trip(type, x));
      EXPECT_LT(found, c.worst) << type.name << " at " << sigma;
      EXPECT_GT(found, c.worst / 3) << type.name << ": too good to be true";
    }
  }
}

TEST(GGUFEncode, WhatTheTypeCanSayIsKept) {
  for (const uint32_t id : {2u, 3u, 6u, 7u, 8u, 12u, 13u, 14u}) {
    const GGUFType& type = *find_gguf_type(id);
    const std::vector<float> zeros(256, 0.0f);
    EXPECT_EQ(round_trip(type, zeros), zeros) << type.name;
    // Whole numbers of which the ends are used, in every group.
    std::vector<float> x(512);
    const int levels = id == 8 ? 255 : id == 14 ? 64 : id == 6 || id == 7 || id == 13 ? 32 : 16;
    for (size_t i = 0; i < x.size(); ++i) {
      const int q = i % 16 == 0 ? 0 : i % 16 == 1 ? levels - 1 : int(i * 7) % levels;
      x[i] = id == 8 ? float(q - 127) : float(q - levels / 2);
    }
    const std::vector<float> y = round_trip(type, x);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i], x[i], 0.04) << type.name << " " << i;
  }
}

TEST(GGUFEncode, PlainNumbersAreRounded) {
  const std::vector<float> x = {1.0f, -3.14159f, 1e-3f, 70000.0f};
  std::vector<uint8_t> bytes(16);
  encode_gguf_blocks(*find_gguf_type(bfloat16), x.data(), 4, bytes.data());
  const auto* rounded = reinterpret_cast<const bfloat16_t*>(bytes.data());
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(float(rounded[i]) / x[i], 1, 1.0 / 256);
  EXPECT_FALSE(can_encode_gguf(*find_gguf_type(10)));
}

}  // namespace
}  // namespace quern
