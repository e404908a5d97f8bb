#include "models/generate/sampling_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "models/error.h"

namespace quern::models {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

void expect_refused(const SamplingOptions& options, const char* option) {
  try {
    check(options, 100);
    ADD_FAILURE() << option << " was accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith(std::string("[sampling] ") + option));
    EXPECT_FALSE(error.advice().empty());
  }
}

TEST(SamplingOptions, DefaultsAndBoundsAreAccepted) {
  EXPECT_NO_THROW(check({}, 100));
  EXPECT_NO_THROW(check({.temperature = 0,
                         .min_p = 1,
                         .top_k = 1000,
                         .xtc_probability = 1,
                         .xtc_threshold = 0.5f,
                         .penalty_window = 0,
                         .logit_bias = {{0, -100.0f}, {99, 100.0f}}},
                        100));
}

TEST(SamplingOptions, ValuesOutOfRangeAreRefusedByName) {
  for (const float bad : {-0.1f, nan, infinity}) {
    expect_refused({.temperature = bad}, "temperature");
    expect_refused({.top_p = bad}, "top_p");
    expect_refused({.min_p = bad}, "min_p");
    expect_refused({.xtc_probability = bad}, "xtc_probability");
    expect_refused({.xtc_threshold = bad}, "xtc_threshold");
    expect_refused({.repetition_penalty = bad}, "repetition_penalty");
  }
  expect_refused({.top_p = 0}, "top_p");
  expect_refused({.top_p = 1.01f}, "top_p");
  expect_refused({.min_p = 1.01f}, "min_p");
  expect_refused({.top_k = -1}, "top_k");
  expect_refused({.xtc_probability = 1.01f}, "xtc_probability");
  expect_refused({.xtc_threshold = 0.51f}, "xtc_threshold");
  expect_refused({.repetition_penalty = 0}, "repetition_penalty");
  expect_refused({.presence_penalty = nan}, "presence_penalty");
  expect_refused({.frequency_penalty = infinity}, "frequency_penalty");
  expect_refused({.penalty_window = -1}, "penalty_window");
  expect_refused({.logit_bias = {{-1, 1.0f}}}, "logit_bias");
  expect_refused({.logit_bias = {{100, 1.0f}}}, "logit_bias");
  expect_refused({.logit_bias = {{1, infinity}}}, "logit_bias");
}

TEST(SamplingOptions, TheMessageHasTheValueAndTheRange) {
  try {
    check({.top_p = 1.5f}, 100);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_STREQ(error.what(), "[sampling] top_p is 1.5, but must be above 0 and at most 1");
  }
}

}  // namespace
}  // namespace quern::models
