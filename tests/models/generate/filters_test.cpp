#include "models/generate/filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "engine/array/array.h"

namespace quern::models {
namespace {

using testing::ElementsAre;

std::vector<float> log_of(std::vector<float> probabilities) {
  for (float& p : probabilities) p = std::log(p);
  return probabilities;
}

array as_array(const std::vector<float>& values) {
  return array(values.begin(), {ShapeElem(values.size())}, float32);
}

/// Normalised log-probabilities of a vocabulary with a long tail.
std::vector<float> random_logprobs(int n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, 3);
  std::vector<double> logits(static_cast<size_t>(n));
  double sum = 0;
  for (double& logit : logits) sum += std::exp(logit = normal(random));
  std::vector<float> out;
  for (const double logit : logits) out.push_back(float(logit - std::log(sum)));
  return out;
}

std::set<int> kept(array logprobs) {
  logprobs.eval();
  std::set<int> tokens;
  for (int i = 0; i < logprobs.shape(0); ++i) {
    if (!std::isinf(logprobs.data<float>()[i])) tokens.insert(i);
  }
  return tokens;
}

std::vector<int> ranked(const std::vector<float>& logprobs) {
  std::vector<int> order(logprobs.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return logprobs[size_t(a)] > logprobs[size_t(b)]; });
  return order;
}

const array nothing_protected = array({0, 0, 0, 0}, bool_);

TEST(TopP, KeepsTheSmallestSetThatReachesP) {
  const array logprobs = as_array(log_of({0.1f, 0.4f, 0.3f, 0.2f}));
  EXPECT_THAT(kept(keep_top_p(logprobs, 0.39f)), ElementsAre(1));
  EXPECT_THAT(kept(keep_top_p(logprobs, 0.5f)), ElementsAre(1, 2));
  EXPECT_THAT(kept(keep_top_p(logprobs, 0.75f)), ElementsAre(1, 2, 3));
  EXPECT_THAT(kept(keep_top_p(logprobs, 0.95f)), ElementsAre(0, 1, 2, 3));
}

TEST(TopP, KeepsTheBestTokenHoweverSmallPIs) {
  EXPECT_THAT(kept(keep_top_p(as_array(log_of({0.2f, 0.8f})), 1e-6f)), ElementsAre(1));
}

TEST(TopP, AgreesWithFloat64OverALargeVocabulary) {
  for (uint32_t seed = 0; seed < 5; ++seed) {
    const auto logprobs = random_logprobs(20000, seed);
    for (const float p : {0.1f, 0.5f, 0.9f, 0.99f}) {
      size_t expected = 0;
      const auto order = ranked(logprobs);
      for (double above = 0; above < double(p); ++expected) {
        above += std::exp(double(logprobs[size_t(order[expected])]));
      }
      const auto actual = kept(keep_top_p(as_array(logprobs), p));
      // Rounding may move the cut, by tokens that hardly count.
      EXPECT_NEAR(double(actual.size()), double(expected), 2e-3 * double(expected)) << p;
      EXPECT_EQ(actual, std::set<int>(order.begin(), order.begin() + int64_t(actual.size()))) << p;
    }
  }
}

TEST(MinP, KeepsWhatIsLikelyEnoughRelativeToTheBest) {
  const array logprobs = as_array(log_of({0.1f, 0.4f, 0.3f, 0.2f}));
  EXPECT_THAT(kept(keep_min_p(logprobs, 0.4f)), ElementsAre(1, 2, 3));
  EXPECT_THAT(kept(keep_min_p(logprobs, 0.7f)), ElementsAre(1, 2));
  EXPECT_THAT(kept(keep_min_p(logprobs, 1.0f)), ElementsAre(1));
}

TEST(TopK, FindsTheMostLikelyTokens) {
  const auto logprobs = random_logprobs(5000, 3);
  const auto order = ranked(logprobs);
  for (const int k : {1, 2, 40, 4999, 5000, 6000}) {
    array found = top_k_indices(as_array(logprobs), k);
    found.eval();
    const std::set<int> actual(found.data<int32_t>(), found.data<int32_t>() + found.size());
    const auto n = std::min<int64_t>(k, 5000);
    EXPECT_EQ(actual, std::set<int>(order.begin(), order.begin() + n)) << k;
  }
}

TEST(ExcludeTopChoices, LeavesTheLeastLikelyOfTheGoodTokensAndAllBelow) {
  const array logprobs = as_array(log_of({0.05f, 0.4f, 0.3f, 0.25f}));
  EXPECT_THAT(kept(exclude_top_choices(logprobs, 0.1f, nothing_protected)), ElementsAre(0, 3));
  EXPECT_THAT(kept(exclude_top_choices(logprobs, 0.27f, nothing_protected)), ElementsAre(0, 2, 3));
  EXPECT_THAT(kept(exclude_top_choices(logprobs, 0.0f, nothing_protected)), ElementsAre(0));
}

TEST(ExcludeTopChoices, DropsNothingWhenNoneOrOneTokenIsGood) {
  const array logprobs = as_array(log_of({0.05f, 0.4f, 0.3f, 0.25f}));
  EXPECT_EQ(kept(exclude_top_choices(logprobs, 0.35f, nothing_protected)).size(), 4u);
  EXPECT_EQ(kept(exclude_top_choices(logprobs, 0.5f, nothing_protected)).size(), 4u);
}

TEST(ExcludeTopChoices, CountsOnlyTheTokensThatAreLeft) {
  // Of what remains 0.4 / 0.7 and 0.3 / 0.7 are both above the threshold.
  const float gone = 0.0f;
  const array logprobs = as_array(log_of({gone, 0.4f, 0.3f, gone}));
  EXPECT_THAT(kept(exclude_top_choices(logprobs, 0.42f, nothing_protected)), ElementsAre(2));
}

TEST(ExcludeTopChoices, KeepsProtectedTokens) {
  const array logprobs = as_array(log_of({0.05f, 0.4f, 0.3f, 0.25f}));
  const array protected_tokens = array({0, 1, 0, 0}, bool_);
  EXPECT_THAT(kept(exclude_top_choices(logprobs, 0.1f, protected_tokens)), ElementsAre(0, 1, 3));
}

}  // namespace
}  // namespace quern::models
