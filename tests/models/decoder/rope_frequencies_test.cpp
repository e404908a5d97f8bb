#include "models/decoder/rope_frequencies.h"

#include <cmath>
#include <numbers>

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

RopeSpec rope(RopeConfig::Kind kind, float factor) {
  RopeSpec spec;
  spec.dims = 8;
  spec.max_position_embeddings = 1024;
  spec.config.kind = kind;
  spec.config.factor = factor;
  spec.config.original_max_position_embeddings = 1024;
  return spec;
}

void expect_near(const std::vector<float>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i] / expected[i], 1.0, 1e-5) << "pair " << i;
  }
}

TEST(RopeFrequencies, DefaultIsAGeometricSeries) {
  const RopeFrequencies found = rope_frequencies(rope(RopeConfig::Kind::default_, 1), 1024);
  expect_near(found.periods, {1, 10, 100, 1000});
  EXPECT_EQ(found.amplitude, 1.0f);
}

TEST(RopeFrequencies, LinearStretchesAll) {
  expect_near(rope_frequencies(rope(RopeConfig::Kind::linear, 4), 1024).periods,
              {4, 40, 400, 4000});
}

TEST(RopeFrequencies, DynamicKeepsTheFastestAndBeginsPastTheTrainedLength) {
  const RopeSpec spec = rope(RopeConfig::Kind::dynamic, 2);
  expect_near(rope_frequencies(spec, 1024).periods, {1, 10, 100, 1000});
  // Twice the length by a factor 2: 2 * 2 - 1 = 3; theta grows by 3^(8/6), the slowest pair by 3.
  expect_near(rope_frequencies(spec, 2048).periods,
              {1, 10 * std::cbrt(3.0), 100 * std::cbrt(9.0), 3000});
}

TEST(RopeFrequencies, NtkHasALargerBaseAtAnyLength) {
  // The slowest pair is 8 times slower: theta grows by 8^(8/6) = 16.
  const RopeSpec spec = rope(RopeConfig::Kind::ntk, 8);
  for (const int length : {16, 1024, 5000}) {
    expect_near(rope_frequencies(spec, length).periods, {1, 20, 400, 8000});
  }
}

TEST(RopeFrequencies, ProportionalLeavesTheRestAsItIs) {
  RopeSpec spec = rope(RopeConfig::Kind::proportional, 3);
  spec.config.partial_rotary_factor = 0.5f;
  const std::vector<float> periods = rope_frequencies(spec, 1024).periods;
  ASSERT_EQ(periods.size(), 4u);
  EXPECT_NEAR(periods[0], 3, 1e-5);
  EXPECT_NEAR(periods[1], 30, 1e-4);
  EXPECT_EQ(periods[2], INFINITY);
  EXPECT_EQ(periods[3], INFINITY);
}

TEST(RopeFrequencies, Llama3StretchesOnlyWhatIsSlow) {
  // 1024 tokens are 163, 16.3, 1.63 and 0.163 turns; full speed from 4, stretched below 1.
  const double kept = (1024 / (2 * std::numbers::pi * 100) - 1) / 3;
  expect_near(rope_frequencies(rope(RopeConfig::Kind::llama3, 8), 1024).periods,
              {1, 10, 1 / (kept / 100 + (1 - kept) / 800), 8000});
}

TEST(RopeFrequencies, YarnBlendsOverPairs) {
  RopeSpec spec = rope(RopeConfig::Kind::yarn, 4);
  // Pairs that make 32 turns and 1 turn: 0.707 and 2.212, so the ramp runs from 0 to 3.
  const auto blended = [](double period, double stretched) {
    return 1 / ((1 - stretched) / period + stretched / (4 * period));
  };
  const RopeFrequencies found = rope_frequencies(spec, 1024);
  expect_near(found.periods, {1, blended(10, 1 / 3.0), blended(100, 2 / 3.0), 4000});
  EXPECT_NEAR(found.amplitude, 0.1 * std::log(4) + 1, 1e-6);

  spec.config.truncate = false;
  const auto pair = [](double turns) {
    return 4 * std::log(1024 / (turns * 2 * std::numbers::pi)) / std::log(10000.0);
  };
  const auto ramp = [&](double i) { return (i - pair(32)) / (pair(1) - pair(32)); };
  expect_near(rope_frequencies(spec, 1024).periods,
              {1, blended(10, ramp(1)), blended(100, ramp(2)), 4000});

  spec.config.mscale_all_dim = 1;
  EXPECT_EQ(rope_frequencies(spec, 1024).amplitude, 1.0f);
  spec.config.attention_factor = 0.5f;
  EXPECT_EQ(rope_frequencies(spec, 1024).amplitude, 0.5f);
}

TEST(RopeFrequencies, LongropeTakesTheLongFactors) {
  RopeSpec spec = rope(RopeConfig::Kind::longrope, 4);
  spec.config.long_factor = {1, 2, 3, 4};
  const RopeFrequencies found = rope_frequencies(spec, 1024);
  expect_near(found.periods, {1, 20, 300, 4000});
  EXPECT_NEAR(found.amplitude, std::sqrt(1 + std::log(4) / std::log(1024)), 1e-6);
  spec.config.long_factor = {1, 2};
  tests::expect_error([&] { rope_frequencies(spec, 1024); }, {"long_factor", "2 entries", "4"});
}

}  // namespace
}  // namespace quern::models
