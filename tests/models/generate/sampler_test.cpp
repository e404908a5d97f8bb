#include "models/generate/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "tests/models/generate/reference_sampling.h"

namespace quern::models {
namespace {

constexpr int vocab_size = 40;

std::vector<float> random_logits(int n, uint32_t seed, float scale = 2.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> logits(static_cast<size_t>(n));
  for (float& logit : logits) logit = normal(random);
  return logits;
}

array as_logits(const std::vector<float>& logits) {
  return array(logits.begin(), {1, 1, ShapeElem(logits.size())}, float32);
}

/// Draws many tokens at once and compares how often each came with the reference.
void expect_distribution(const SamplingOptions& options, const std::vector<int32_t>& prompt,
                         const std::vector<int32_t>& protected_tokens = {}) {
  const auto logits = random_logits(vocab_size, 11);
  const auto expected = tests::distribution(logits, prompt, options, protected_tokens);
  constexpr int draws = 800;
  SamplingOptions seeded = options;
  std::vector<array> tokens;
  for (int i = 0; i < draws; ++i) {
    seeded.seed = uint64_t(1000 + i);
    Sampler sampler(seeded, vocab_size, prompt, protected_tokens);
    tokens.push_back(sampler.sample(as_logits(logits)));
  }
  eval(tokens);
  std::vector<int> counts(vocab_size, 0);
  for (array& token : tokens) ++counts[size_t(token.item<int32_t>())];

  double chi_square = 0;
  int degrees = -1;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double mean = expected[i] * draws;
    if (mean == 0) {
      EXPECT_EQ(counts[i], 0) << "token " << i << " was dropped";
    } else if (mean >= 5) {
      chi_square += (counts[i] - mean) * (counts[i] - mean) / mean;
      ++degrees;
    }
  }
  // Five standard deviations of the chi-square distribution.
  EXPECT_LT(chi_square, degrees + 5 * std::sqrt(2.0 * std::max(degrees, 1)) + 5);
}

const std::vector<int32_t> prompt = {3, 7, 7, 12, 30};

TEST(Sampler, DrawsFromTheModelsDistributionByDefault) { expect_distribution({}, prompt); }

TEST(Sampler, AppliesTheTemperature) {
  expect_distribution({.temperature = 0.5f}, prompt);
  expect_distribution({.temperature = 1.8f}, prompt);
}

TEST(Sampler, TakesTheBestTokenNearTemperatureZero) {
  for (const float temperature : {0.0f, 1e-3f, 1e-30f}) {
    expect_distribution({.temperature = temperature}, prompt);
  }
}

TEST(Sampler, KeepsTopP) {
  for (const float p : {0.05f, 0.5f, 0.9f}) expect_distribution({.top_p = p}, prompt);
}

TEST(Sampler, KeepsMinP) {
  for (const float p : {0.05f, 0.3f, 1.0f}) expect_distribution({.min_p = p}, prompt);
}

TEST(Sampler, KeepsTopK) {
  for (const int k : {1, 2, 7, vocab_size, vocab_size + 1})
    expect_distribution({.top_k = k}, prompt);
}

TEST(Sampler, ExcludesTopChoices) {
  for (const float threshold : {0.0f, 0.03f, 0.1f, 0.5f}) {
    expect_distribution({.xtc_probability = 1.0f, .xtc_threshold = threshold}, prompt);
  }
  expect_distribution({.xtc_probability = 0.4f, .xtc_threshold = 0.05f}, prompt);
}

TEST(Sampler, NeverExcludesProtectedTokens) {
  const auto logits = random_logits(vocab_size, 11);
  const auto best = int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  expect_distribution({.xtc_probability = 1.0f, .xtc_threshold = 0.03f}, prompt, {best, 2});
}

TEST(Sampler, CombinesEveryOption) {
  expect_distribution({.temperature = 0.7f, .top_p = 0.9f, .min_p = 0.02f, .top_k = 6}, prompt);
  expect_distribution({.top_p = 0.8f, .top_k = 3, .xtc_probability = 0.5f, .xtc_threshold = 0.08f},
                      prompt);
  expect_distribution({.temperature = 1.3f,
                       .top_p = 0.95f,
                       .min_p = 0.03f,
                       .top_k = 9,
                       .xtc_probability = 0.5f,
                       .xtc_threshold = 0.06f,
                       .repetition_penalty = 1.4f,
                       .presence_penalty = 0.5f,
                       .frequency_penalty = 0.3f,
                       .penalty_window = 4,
                       .logit_bias = {{5, 2.5f}, {8, -100.0f}}},
                      prompt);
}

/// Greedy choices over changing logits, all asked for before the first is read.
void expect_greedy_sequence(SamplingOptions options, int steps) {
  options.temperature = 0;
  std::vector<std::vector<float>> logits;
  std::vector<array> tokens;
  Sampler sampler(options, vocab_size, prompt);
  for (int i = 0; i < steps; ++i) {
    // Close together, so that penalties decide.
    logits.push_back(random_logits(vocab_size, uint32_t(i), 0.6f));
    tokens.push_back(sampler.sample(as_logits(logits.back())));
  }
  eval(tokens);
  std::vector<int32_t> history = prompt;
  for (int i = 0; i < steps; ++i) {
    const auto scores = tests::penalized(logits[size_t(i)], history, options);
    const auto best = int32_t(std::max_element(scores.begin(), scores.end()) - scores.begin());
    ASSERT_EQ(tokens[size_t(i)].item<int32_t>(), best) << "step " << i;
    history.push_back(best);
  }
}

TEST(Sampler, PenaltiesSeePromptAndTokensThatNobodyHasReadYet) {
  for (const int window : {1, 3, 16, 256, 0}) {
    SCOPED_TRACE("window " + std::to_string(window));
    expect_greedy_sequence({.repetition_penalty = 1.5f, .penalty_window = window}, 60);
    expect_greedy_sequence({.presence_penalty = 0.7f, .penalty_window = window}, 60);
    expect_greedy_sequence({.frequency_penalty = 0.4f, .penalty_window = window}, 60);
    expect_greedy_sequence({.repetition_penalty = 0.8f,
                            .presence_penalty = 0.3f,
                            .frequency_penalty = 0.2f,
                            .penalty_window = window,
                            .logit_bias = {{1, 0.5f}, {39, -0.5f}}},
                           60);
  }
}

TEST(Sampler, TheSameSeedGivesTheSameTokens) {
  const auto draw = [](uint64_t seed) {
    Sampler sampler({.temperature = 1.2f, .top_p = 0.95f, .seed = seed}, vocab_size, prompt);
    std::vector<int32_t> ids;
    for (uint32_t i = 0; i < 40; ++i) {
      ids.push_back(sampler.sample(as_logits(random_logits(vocab_size, i))).item<int32_t>());
    }
    return ids;
  };
  EXPECT_EQ(draw(5), draw(5));
  EXPECT_NE(draw(5), draw(6));
}

TEST(Sampler, WithoutASeedEveryRunDiffers) {
  const auto draw = [] {
    Sampler sampler({}, vocab_size, prompt);
    std::vector<int32_t> ids;
    for (int i = 0; i < 40; ++i) {
      ids.push_back(sampler.sample(as_logits(random_logits(vocab_size, 1))).item<int32_t>());
    }
    return ids;
  };
  EXPECT_NE(draw(), draw());
}

TEST(Sampler, TakesLogitsOfAnyFloatType) {
  const auto logits = random_logits(vocab_size, 3);
  for (const Dtype dtype : {float16, bfloat16, float32}) {
    Sampler sampler({.temperature = 0}, vocab_size, prompt);
    const array token = sampler.sample(astype(as_logits(logits), dtype));
    EXPECT_EQ(token.shape(), Shape{1});
    EXPECT_EQ(token.dtype(), int32);
    EXPECT_EQ(token.item<int32_t>(),
              std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
}

TEST(Sampler, KeepsExactlyOneOfEquallyGoodTokensUnderTopKOne) {
  const std::vector<float> logits(vocab_size, 1.0f);
  Sampler sampler({.temperature = 1, .top_k = 1, .seed = 1}, vocab_size, prompt);
  const int32_t first = sampler.sample(as_logits(logits)).item<int32_t>();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(sampler.sample(as_logits(logits)).item<int32_t>(), first);
  }
}

}  // namespace
}  // namespace quern::models
