#include "models/generate/log_probabilities.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/generate/generator.h"
#include "tests/fixtures.h"
#include "tests/models/generate/reference_sampling.h"

namespace quern::models {
namespace {

std::shared_ptr<const LanguageModel> tiny_chat() {
  static const auto model =
      LanguageModel::load(quern::tests::data_folder() / "models" / "tiny-chat", {.exact = true});
  return model;
}

std::vector<int32_t> text(int n) {
  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) ids[size_t(i)] = (i * 37 + 11) % 200;
  return ids;
}

/// Logits after each of the tokens, in one pass.
std::vector<std::vector<float>> logits_of(const std::vector<int32_t>& ids) {
  array logits =
      tiny_chat()->decoder().logits(array(ids.begin(), {1, ShapeElem(ids.size())}, int32));
  logits.eval();
  std::vector<std::vector<float>> out;
  for (size_t i = 0; i < ids.size(); ++i) {
    const float* row = logits.data<float>() + i * 256;
    out.emplace_back(row, row + 256);
  }
  return out;
}

/// In float64.
std::vector<double> log_softmax(const std::vector<double>& logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - most);
  std::vector<double> out;
  for (const double logit : logits) out.push_back(logit - most - std::log(sum));
  return out;
}

TEST(TokenLogProbabilities, AreThoseOfOnePass) {
  const auto ids = text(40);
  const auto logits = logits_of(ids);
  for (const int chunk : {1, 7, 39, 256}) {
    int told = 0;
    const auto found = token_log_probabilities(tiny_chat()->decoder(), ids, chunk, [&](int done) {
      EXPECT_GT(done, told);
      told = done;
      return true;
    });
    ASSERT_EQ(found.size(), 39u);
    EXPECT_EQ(told, 39);
    for (size_t i = 0; i < found.size(); ++i) {
      const auto expected = log_softmax({logits[i].begin(), logits[i].end()});
      EXPECT_NEAR(found[i], expected[size_t(ids[i + 1])], 1e-3) << chunk << " " << i;
    }
  }
  EXPECT_TRUE(token_log_probabilities(tiny_chat()->decoder(), text(1)).empty());
  EXPECT_TRUE(token_log_probabilities(tiny_chat()->decoder(), {}).empty());
  EXPECT_EQ(
      token_log_probabilities(tiny_chat()->decoder(), ids, 10, [](int) { return false; }).size(),
      10u);
}

TEST(LogProbabilities, OfEachTokenAfterPenaltiesBeforeTheTemperature) {
  GenerationRequest request;
  request.prompt = text(20);
  request.max_tokens = 12;
  request.stop_at_eos = false;
  request.sampling = {.temperature = 3.0f,
                      .top_k = 30,
                      .repetition_penalty = 1.3f,
                      .frequency_penalty = 0.4f,
                      .logit_bias = {{65, 3.0f}},
                      .seed = 2};
  request.log_probabilities = 4;
  Generator generator(tiny_chat());
  std::vector<int32_t> history = request.prompt;
  generator.generate(request, [&](const GeneratedToken& token) {
    const auto raw = logits_of(history).back();
    const auto expected = log_softmax(tests::penalized(raw, history, request.sampling));
    ASSERT_TRUE(token.log_probability);
    EXPECT_NEAR(token.log_probability->chosen, expected[size_t(token.id)], 2e-3);
    std::vector<size_t> order(expected.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return expected[a] > expected[b]; });
    ASSERT_EQ(token.log_probability->best.size(), 4u);
    for (size_t i = 0; i < 4; ++i) {
      const auto& [id, value] = token.log_probability->best[i];
      EXPECT_NEAR(value, expected[order[i]], 2e-3);
      EXPECT_NEAR(value, expected[size_t(id)], 2e-3);
    }
    history.push_back(token.id);
  });
  EXPECT_EQ(history.size(), 32u);
}

TEST(LogProbabilities, AreNotThereUnlessAskedFor) {
  GenerationRequest request;
  request.prompt = text(5);
  request.max_tokens = 2;
  Generator generator(tiny_chat());
  generator.generate(request,
                     [](const GeneratedToken& token) { EXPECT_FALSE(token.log_probability); });
  request.log_probabilities = 0;
  generator.generate(request, [](const GeneratedToken& token) {
    ASSERT_TRUE(token.log_probability);
    EXPECT_LT(token.log_probability->chosen, 0);
    EXPECT_TRUE(token.log_probability->best.empty());
  });
  request.log_probabilities = 257;
  EXPECT_THROW(generator.generate(request, {}), ModelError);
}

}  // namespace
}  // namespace quern::models
