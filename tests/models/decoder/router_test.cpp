// Which experts tokens go to, against plain loops.

#include "models/decoder/router.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using Scores = RouterSpec::Scores;

/// For tokens that are rows of the identity, so that logits are columns of the weight.
class RouterTest : public testing::Test {
 protected:
  static constexpr int experts = 8;

  /// logits: one list of experts for each token.
  void set(const std::vector<std::vector<float>>& logits) {
    const int tokens = int(logits.size());
    std::vector<float> weight, identity;
    for (int e = 0; e < experts; ++e)
      for (const auto& row : logits) weight.push_back(row[size_t(e)]);
    for (int i = 0; i < tokens * tokens; ++i) identity.push_back(i % (tokens + 1) == 0 ? 1 : 0);
    weights_.insert_or_assign("moe.gate.weight", array(weight.begin(), {experts, tokens}, float32));
    x_ = array(identity.begin(), {tokens, tokens}, float32);
  }
  void set_correction(const std::vector<float>& values) {
    weights_.insert_or_assign("moe.correction", array(values.begin(), {experts}, float32));
  }

  Router router(RouterSpec spec) {
    spec.num_experts = experts;
    WeightReader reader(weights_, {}, float32, "test");
    return Router(reader, "moe", spec, x_.shape(1));
  }

  void route(const RouterSpec& spec) {
    Routes routes = router(spec)(x_);
    routes.experts.eval();
    routes.weights.eval();
    const size_t k = size_t(spec.experts_per_token);
    chosen.clear();
    counts.clear();
    for (size_t t = 0; t < size_t(x_.shape(0)); ++t) {
      chosen.emplace_back();
      counts.emplace_back();
      for (int i = 0; i < int(k); ++i) {
        chosen[t].push_back(take(routes.experts, int(t), i));
        counts[t].push_back(take_float(routes.weights, int(t), i));
      }
    }
  }

  std::vector<std::vector<int>> chosen;
  std::vector<std::vector<double>> counts;

 private:
  static int take(const array& a, int row, int column) {
    return int(a.data<uint32_t>()[row * a.strides()[0] + column * a.strides()[1]]);
  }
  static double take_float(const array& a, int row, int column) {
    return double(a.data<float>()[row * a.strides()[0] + column * a.strides()[1]]);
  }

  Weights weights_;
  array x_ = array(0.0f);
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_F(RouterTest, EqualScoresGoToTheLowerNumbers) {
  set({{0, 3, 1, 3, 3, 1, 0, 1}, {5, 5, 5, 5, 5, 5, 5, 5}});
  route({.experts_per_token = 4});
  EXPECT_EQ(chosen, (std::vector<std::vector<int>>{{1, 3, 4, 2}, {0, 1, 2, 3}}));
  for (const double weight : counts[1]) EXPECT_NEAR(weight, 1 / 8.0, 1e-6);
}

TEST_F(RouterTest, NormalisedSoftmaxIsTheSoftmaxOfTheChosen) {
  set({{1, -2, 90, 0, 88, 3, -4, 2}});
  route({.experts_per_token = 3, .normalised = true, .scale = 2});
  EXPECT_EQ(chosen[0], (std::vector<int>{2, 4, 5}));
  const double sum = 1 + std::exp(-2.0) + std::exp(-87.0);
  EXPECT_NEAR(counts[0][0], 2 / sum, 1e-6);
  EXPECT_NEAR(counts[0][1], 2 * std::exp(-2.0) / sum, 1e-6);
  EXPECT_NEAR(counts[0][2], 0, 1e-6);
}

TEST_F(RouterTest, CorrectionsChooseButDoNotWeigh) {
  set({{0, 1, 2, 3, 4, 5, 6, 7}});
  set_correction({2, 0, 0, 0, 0, 0, 0, -1});
  route({.experts_per_token = 2, .scores = Scores::sigmoid, .correction = "correction"});
  EXPECT_EQ(chosen[0], (std::vector<int>{0, 6}));
  EXPECT_NEAR(counts[0][0], sigmoid(0), 1e-6);
  EXPECT_NEAR(counts[0][1], sigmoid(6), 1e-6);
}

TEST_F(RouterTest, CorrectionsMayBeMissingOnlyWhereTheyAreNotNeeded) {
  set({{0, 1, 2, 3, 4, 5, 6, 7}});
  RouterSpec spec{.experts_per_token = 1, .correction = "absent", .correction_needed = false};
  route(spec);
  EXPECT_EQ(chosen[0], std::vector<int>{7});
  spec.correction_needed = true;
  spec.num_experts = experts;
  const Weights weights;
  WeightReader reader(weights, {}, float32, "test");
  const Router incomplete(reader, "moe", spec, 1);
  tests::expect_error([&] { reader.finish({}); }, {"moe.absent", "moe.gate.weight"});
}

TEST_F(RouterTest, GroupsAreAsGoodAsTheirBestOrTheirTwoBest) {
  // Groups of two: the best expert of all is in the first, the best pair in the third.
  set({{9, -9, 0, 1, 4, 3, 2, 2}});
  RouterSpec spec{.experts_per_token = 2, .scores = Scores::sigmoid, .groups = 4};
  spec.group_score = RouterSpec::GroupScore::best;
  route(spec);
  EXPECT_EQ(chosen[0], (std::vector<int>{0, 1}));
  spec.group_score = RouterSpec::GroupScore::best_two;
  route(spec);
  EXPECT_EQ(chosen[0], (std::vector<int>{4, 5}));
  spec.groups_per_token = 2;
  spec.experts_per_token = 3;
  route(spec);
  EXPECT_EQ(chosen[0], (std::vector<int>{4, 5, 6}));
}

TEST_F(RouterTest, ClosedGroupsLoseAgainstNegativeScores) {
  set({{1, 1, 1, 1, 0, 0, 0, 0}});
  set_correction({-5, -5, -5, -5, -6, -6, -6, -6});
  route(
      {.experts_per_token = 4, .scores = Scores::sigmoid, .groups = 2, .correction = "correction"});
  EXPECT_EQ(chosen[0], (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(RouterTest, SparseMixerWeighsNearTiesOnly) {
  set({{10, 9.9f, 5, 9.8f, -3, 0, 1, 2}, {-1, -1.01f, -5, -6, -7, -8, -9, -10}});
  route({.experts_per_token = 2, .scores = Scores::sparse_mixer, .tie_width = 0.0075f});
  EXPECT_EQ(chosen, (std::vector<std::vector<int>>{{0, 1}, {0, 1}}));
  // Distances are 0.01 and 0.02 of 10; the second choice is among 9.9 and 9.8.
  EXPECT_NEAR(counts[0][0], 1 / (1 + std::exp(-0.1)), 1e-5);
  EXPECT_NEAR(counts[0][1], 1 / (1 + std::exp(-0.1)), 1e-5);
  EXPECT_NEAR(counts[1][0], 1 / (1 + std::exp(-0.01)), 1e-5);
  EXPECT_NEAR(counts[1][1], 1, 1e-5);
}

TEST_F(RouterTest, NumbersThatDoNotFitAreRefused) {
  set({{0, 0, 0, 0, 0, 0, 0, 0}});
  tests::expect_error([&] { router({.experts_per_token = 9}); }, {"9 experts", "8 experts"});
  tests::expect_error([&] { router({.experts_per_token = 1, .groups = 3}); }, {"3 groups"});
  tests::expect_error([&] { router({.experts_per_token = 3, .groups = 4}); }, {"4 groups"});
}

}  // namespace
}  // namespace quern::models
