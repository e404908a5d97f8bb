#include "models/evaluate/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/memory/memory.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/evaluate/running_mean.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using tests::ModelFolder;

std::shared_ptr<const LanguageModel> tiny(const std::filesystem::path& folder) {
  return LanguageModel::load(folder, {.exact = true});
}

std::filesystem::path tiny_folder() { return tests::data_folder() / "models" / "tiny-chat"; }

std::vector<int32_t> some_tokens(int count, int32_t vocab_size) {
  std::vector<int32_t> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(int32_t((i * 37 + i * i * 11) % vocab_size));
  return tokens;
}

/// Probabilities after each token of a piece, in float64.
std::vector<std::vector<double>> probabilities(const LanguageModel& model,
                                               std::span<const int32_t> piece) {
  const array tokens(piece.begin(), {1, int(piece.size())}, int32);
  array logits = contiguous(astype(model.decoder().logits(tokens), float32));
  logits.eval();
  const auto width = size_t(logits.shape(2));
  std::vector<std::vector<double>> out;
  for (size_t t = 0; t < piece.size(); ++t) {
    const float* row = logits.data<float>() + t * width;
    std::vector<double> p(row, row + width);
    const double best = *std::max_element(p.begin(), p.end());
    for (double& x : p) x = std::exp(x - best);
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) x /= sum;
    out.push_back(std::move(p));
  }
  return out;
}

TEST(RunningMean, IsMeanAndStandardError) {
  RunningMean mean;
  for (const double x : {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0}) mean.add(x);
  EXPECT_DOUBLE_EQ(mean.mean(), 5.0);
  EXPECT_DOUBLE_EQ(mean.standard_error(), std::sqrt(32.0 / 7 / 8));
}

TEST(Evaluate, PerplexityIsThatOfEachPieceByItself) {
  const auto model = tiny(tiny_folder());
  const auto tokens = some_tokens(150, model->config().vocab_size);
  const Evaluation result = evaluate(*model, nullptr, tokens, {.context_length = 64});
  std::vector<double> losses;
  for (size_t begin = 0; begin < tokens.size(); begin += 64) {
    const auto piece =
        std::span(tokens).subspan(begin, std::min<size_t>(64, tokens.size() - begin));
    const auto p = probabilities(*model, piece);
    for (size_t t = 0; t + 1 < piece.size(); ++t) {
      losses.push_back(-std::log(p[t][size_t(piece[t + 1])]));
    }
  }
  const double n = double(losses.size());
  const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / n;
  double squares = 0;
  for (const double loss : losses) squares += (loss - mean) * (loss - mean);
  EXPECT_EQ(result.tokens, int64_t(losses.size()));
  EXPECT_NEAR(result.perplexity / std::exp(mean), 1, 1e-5);
  EXPECT_NEAR(result.standard_error / (std::exp(mean) * std::sqrt(squares / (n - 1) / n)), 1, 1e-4);
  EXPECT_FALSE(result.divergence);
}

TEST(Evaluate, AModelDoesNotDivergeFromItself) {
  const auto model = tiny(tiny_folder());
  const auto tokens = some_tokens(100, model->config().vocab_size);
  const Evaluation result = evaluate(*model, model.get(), tokens);
  ASSERT_TRUE(result.divergence);
  EXPECT_LT(result.divergence->mean_kl, 1e-6);
  EXPECT_EQ(result.divergence->top1_agreement, 1);
}

TEST(Evaluate, DivergenceIsFromTheReference) {
  const auto reference = tiny(tiny_folder());
  // Another rotation makes another model of the same shape.
  const ModelFolder folder("tiny-chat");
  folder.edit_json("config.json", [](nlohmann::json& json) { json["rope_theta"] = 30.0; });
  const auto model = tiny(folder.path());
  const auto tokens = some_tokens(90, model->config().vocab_size);
  const Evaluation result =
      evaluate(*model, reference.get(), tokens, {.context_length = 90, .worst_tokens = 3});
  const auto p = probabilities(*reference, tokens), q = probabilities(*model, tokens);
  std::vector<double> divergences;
  double agreed = 0;
  for (size_t t = 0; t + 1 < tokens.size(); ++t) {
    double kl = 0;
    for (size_t i = 0; i < p[t].size(); ++i) kl += p[t][i] * std::log(p[t][i] / q[t][i]);
    divergences.push_back(kl);
    const auto best = [](const auto& row) {
      return std::max_element(row.begin(), row.end()) - row.begin();
    };
    agreed += best(p[t]) == best(q[t]);
  }
  const double n = double(divergences.size());
  const double mean = std::accumulate(divergences.begin(), divergences.end(), 0.0) / n;
  ASSERT_GT(mean, 1e-3);
  ASSERT_TRUE(result.divergence);
  EXPECT_NEAR(result.divergence->mean_kl / mean, 1, 1e-3);
  EXPECT_NEAR(result.divergence->top1_agreement, agreed / n, 1e-12);
  ASSERT_EQ(result.divergence->worst.size(), 3u);
  const auto worst = std::max_element(divergences.begin(), divergences.end());
  EXPECT_EQ(result.divergence->worst[0].position, worst - divergences.begin() + 1);
  EXPECT_NEAR(result.divergence->worst[0].divergence, *worst, 1e-4);
  EXPECT_GE(result.divergence->worst[1].divergence, result.divergence->worst[2].divergence);
}

TEST(Evaluate, StopsWhenAskedTo) {
  const auto model = tiny(tiny_folder());
  std::stop_source stop;
  EvaluationOptions options{.context_length = 16};
  options.on_progress = [&](int64_t done, int64_t, double) {
    if (done >= 48) stop.request_stop();
  };
  const Evaluation result =
      evaluate(*model, nullptr, some_tokens(200, 200), options, stop.get_token());
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.tokens, 3 * 15);
}

TEST(Evaluate, MemoryDoesNotGrowWithTheText) {
  const auto model = tiny(tiny_folder());
  const auto peak = [&](int count) {
    evaluate(*model, nullptr, some_tokens(64, 200), {.context_length = 64});
    reset_peak_memory();
    evaluate(*model, nullptr, some_tokens(count, 200), {.context_length = 64});
    return get_peak_memory();
  };
  const size_t of_two_pieces = peak(128);
  EXPECT_LE(peak(64 * 40), 2 * of_two_pieces);
}

TEST(Evaluate, WhatCannotBeScoredIsSaid) {
  const auto model = tiny(tiny_folder());
  expect_error([&] { evaluate(*model, nullptr, std::vector<int32_t>{1}); },
               {"[evaluate]", "1 tokens"});
  expect_error(
      [&] {
        evaluate(*model, nullptr, std::vector<int32_t>{1, 1 << 20});
      },
      {"[evaluate]", "1048576"});
  expect_error(
      [&] {
        evaluate(*model, nullptr, std::vector<int32_t>{1, 2}, {.context_length = 1});
      },
      {"context length is 1"});
}

}  // namespace
}  // namespace quern::models
