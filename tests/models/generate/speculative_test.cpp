#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/generate/batch_generator.h"
#include "models/generate/model_drafter.h"
#include "models/generate/ngram_drafter.h"
#include "models/generate/verify_draft.h"
#include "tests/fixtures.h"
#include "tests/models/generate/reference_sampling.h"
#include "tests/models/generate/toy_decoder.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using quern::tests::data_folder;
using testing::ElementsAre;

std::shared_ptr<const LanguageModel> tiny_chat() {
  static const auto model =
      LanguageModel::load(data_folder() / "models" / "tiny-chat", {.exact = true});
  return model;
}

std::shared_ptr<const LanguageModel> toy(uint32_t seed, float sharpness = 1.0f) {
  return tiny_chat()->with_decoder(
      std::make_shared<quern::tests::ToyDecoder>(256, seed, sharpness));
}

GenerationRequest request(std::vector<int32_t> prompt, int max_tokens) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  request.stop_at_eos = false;
  return request;
}

std::vector<int32_t> repeating_prompt() {
  std::vector<int32_t> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(10 + (i * i) % 11);
  return ids;
}

struct Answer {
  std::vector<int32_t> ids;
  std::vector<float> logprobs;
  GenerationStatistics statistics;
};

Answer run(const std::shared_ptr<const LanguageModel>& model, const GenerationRequest& request,
           BatchOptions options = {}) {
  BatchGenerator batch(model, std::move(options));
  Answer answer;
  batch.add(
      request,
      [&](const GeneratedToken& token) {
        answer.ids.push_back(token.id);
        if (token.log_probability) answer.logprobs.push_back(token.log_probability->chosen);
      },
      [&](const GenerationStatistics& statistics) { answer.statistics = statistics; });
  while (batch.step()) {
  }
  return answer;
}

/// That counts were drawn with these probabilities: chi-square within five standard deviations.
void expect_distribution(const std::map<int32_t, int>& counts,
                         const std::vector<double>& expected) {
  int draws = 0;
  for (const auto& [id, count] : counts) draws += count;
  double chi_square = 0, rest_expected = 0, rest_found = 0;
  int degrees = -1;
  const auto add = [&](double found, double mean) {
    chi_square += (found - mean) * (found - mean) / mean;
    ++degrees;
  };
  for (size_t id = 0; id < expected.size(); ++id) {
    const auto it = counts.find(int32_t(id));
    const double found = it == counts.end() ? 0 : it->second, mean = expected[id] * draws;
    if (mean == 0) {
      EXPECT_EQ(found, 0) << "token " << id << " is impossible";
    } else if (mean >= 5) {
      add(found, mean);
    } else {
      rest_found += found;
      rest_expected += mean;
    }
  }
  if (rest_expected >= 5) add(rest_found, rest_expected);
  EXPECT_GE(degrees, 1);
  EXPECT_LT(chi_square, degrees + 5 * std::sqrt(2.0 * degrees) + 5);
}

TEST(NgramDrafter, GuessesWhatFollowedBefore) {
  NgramDrafter drafter(3, 2);
  const auto guess = [&](std::vector<int32_t> text, int most) {
    return drafter.propose(text, most).tokens;
  };
  EXPECT_THAT(guess({1, 2, 3, 4, 5, 1, 2}, 2), ElementsAre(3, 4));
  EXPECT_THAT(guess({1, 2, 3, 4, 5, 1, 2}, 9), ElementsAre(3, 4, 5, 1, 2));
  EXPECT_THAT(guess({1, 2, 7, 1, 2, 8, 1, 2}, 1), ElementsAre(8)) << "the latest";
  EXPECT_THAT(guess({9, 1, 2, 7, 6, 1, 2, 8, 9, 1, 2}, 1), ElementsAre(7)) << "the longest";
  EXPECT_THAT(guess({4, 4, 4}, 3), ElementsAre(4)) << "may overlap";
  EXPECT_TRUE(guess({1, 2, 3, 2}, 3).empty());
  EXPECT_TRUE(guess({1}, 3).empty());
  EXPECT_TRUE(guess({}, 3).empty());
}

TEST(Speculative, GreedyTextsAreTheSame) {
  for (const bool forgets : {true, false}) {
    const auto model = forgets ? tiny_chat() : toy(5);
    for (const auto& prompt : {repeating_prompt(), std::vector<int32_t>{3, 1, 4}}) {
      GenerationRequest asked = request(prompt, 40);
      asked.sampling.repetition_penalty = 1.05f;
      asked.log_probabilities = 0;
      const Answer expected = run(model, asked);
      for (const int tokens : {1, 6}) {
        const auto check = [&](BatchOptions options, const char* name) {
          options.draft_tokens = tokens;
          const Answer answer = run(model, asked, options);
          EXPECT_EQ(answer.ids, expected.ids) << name << tokens << forgets;
          EXPECT_EQ(answer.statistics.generation_tokens, 40);
          EXPECT_EQ(answer.logprobs.size(), expected.logprobs.size());
          for (size_t i = 0; i < answer.logprobs.size(); ++i)
            EXPECT_NEAR(answer.logprobs[i], expected.logprobs[i], 2e-3);
          return answer.statistics;
        };
        check({.draft_from_text = true}, "text");
        const auto same = check({.draft_model = model}, "same model");
        EXPECT_GT(same.drafted_tokens, 15);
        EXPECT_EQ(same.accepted_tokens, same.drafted_tokens);
        check({.draft_model = toy(9)}, "another model");
        check({.draft_model = toy(9), .draft_from_text = true}, "both");
      }
    }
  }
}

TEST(Speculative, WindowsTakeBackWrongGuesses) {
  QUERN_NEEDS_FIXTURES("models/cohere2");
  const auto model =
      LanguageModel::load(quern::tests::fixtures_folder() / "models" / "cohere2", {.exact = true});
  std::vector<int32_t> prompt;
  for (int i = 0; i < 40; ++i) prompt.push_back((i * i) % 7 + 1);
  const auto expected = run(model, request(prompt, 60));
  const auto answer = run(model, request(prompt, 60), {.draft_from_text = true});
  EXPECT_EQ(answer.ids, expected.ids);
  EXPECT_GT(answer.statistics.drafted_tokens, answer.statistics.accepted_tokens);
}

TEST(Speculative, LimitsAndEndsHoldWithinADraft) {
  const auto model = tiny_chat();
  for (const int limit : {1, 2, 3, 5}) {
    EXPECT_EQ(
        run(model, request({3, 1, 4}, limit), {.draft_model = model, .draft_tokens = 8}).ids.size(),
        size_t(limit));
  }
  GenerationRequest asked = request({3, 1, 4}, 60);
  const auto ids = run(model, asked).ids;
  asked.stop = {model->tokenizer().decode(std::vector<int32_t>(ids.begin(), ids.begin() + 7))};
  if (!asked.stop[0].empty()) {
    EXPECT_EQ(run(model, asked, {.draft_model = model, .draft_tokens = 8}).ids,
              run(model, asked).ids);
  }
  // What was guessed beyond the end is not remembered.
  BatchGenerator batch(model, {.draft_model = model, .draft_tokens = 8});
  batch.add(asked, {}, {});
  while (batch.step()) {
  }
  std::vector<int32_t> whole = {3, 1, 4};
  whole.insert(whole.end(), ids.begin(), ids.end());
  EXPECT_EQ(batch.prefixes().longest(whole), batch.prefixes().last()->length());
}

/// Drafts are drawn from one distribution, or are certain guesses, and verified with another.
TEST(VerifyDraft, TokensAreDrawnFromTheModelsDistribution) {
  constexpr int vocab_size = 12, draws = 600;
  const auto logits_of = [](uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 1.3f);
    std::vector<float> logits(vocab_size);
    for (float& logit : logits) logit = normal(random);
    return logits;
  };
  const auto first = logits_of(1), second = logits_of(2);
  std::vector<float> guessing = logits_of(3);
  for (size_t i = 0; i < guessing.size(); ++i) guessing[i] = 0.5f * guessing[i] + 0.5f * first[i];
  std::vector<float> both = first;
  both.insert(both.end(), second.begin(), second.end());
  const array logits(both.begin(), {2, vocab_size}, float32);
  const auto best = int32_t(std::max_element(first.begin(), first.end()) - first.begin());
  const std::vector<int32_t> prompt = {0};
  for (const bool drawn : {true, false}) {
    for (const SamplingOptions& base :
         {SamplingOptions{}, SamplingOptions{.temperature = 0.6f, .top_k = 5},
          SamplingOptions{.temperature = 1.5f, .min_p = 0.1f, .presence_penalty = 0.5f}}) {
      std::map<int32_t, int> firsts, seconds;
      std::vector<Verdict> verdicts;
      std::vector<int32_t> drafts;
      int accepted = 0;
      for (int i = 0; i < draws; ++i) {
        SamplingOptions options = base;
        options.seed = uint64_t(i);
        Sampler sampler(options, vocab_size, prompt);
        options.seed = uint64_t(i) + 1000000;
        options.presence_penalty = 0;
        Sampler guesser(options, vocab_size, prompt);
        Draft draft;
        if (drawn) {
          const array distribution =
              guesser.log_distribution(array(guessing.begin(), {vocab_size}, float32));
          array token = random::categorical(reshape(distribution, {1, -1}), -1, guesser.next_key());
          draft = {{int32_t(token.item<uint32_t>())}, {distribution}};
        } else {
          draft.tokens = {best};
        }
        drafts.push_back(draft.tokens[0]);
        verdicts.push_back(verify_draft(sampler, logits, draft));
        async_eval(verdicts.back().accepted, verdicts.back().tokens);
      }
      for (int i = 0; i < draws; ++i) {
        Verdict& verdict = verdicts[size_t(i)];
        verdict.accepted.eval();
        verdict.tokens.eval();
        const bool good = verdict.accepted.data<bool>()[0];
        accepted += good;
        ++firsts[good ? drafts[size_t(i)] : verdict.tokens.data<int32_t>()[0]];
        if (good && base.presence_penalty == 0) ++seconds[verdict.tokens.data<int32_t>()[1]];
      }
      EXPECT_GT(accepted, 0);
      EXPECT_LT(accepted, draws);
      expect_distribution(firsts, tests::distribution(first, prompt, base));
      if (base.presence_penalty == 0)
        expect_distribution(seconds, tests::distribution(second, prompt, base));
    }
  }
}

TEST(Speculative, SampledTextsHaveTheModelsDistribution) {
  const auto model = toy(11, 3.0f), draft = toy(11, 1.5f);  // sure and less sure of the same
  const std::vector<int32_t> prompt = {7, 8, 9};
  GenerationRequest asked = request(prompt, 3);
  asked.sampling = {.temperature = 0.9f, .top_k = 6};
  // Given the first token, the second one's distribution is known.
  std::map<int32_t, std::map<int32_t, int>> seconds;
  std::map<int32_t, int> firsts;
  BatchGenerator batch(model, {.draft_model = draft, .draft_tokens = 2});
  int proposed = 0, accepted = 0;
  for (int seed = 0; seed < 500; ++seed) {
    asked.sampling.seed = uint64_t(seed);
    std::vector<int32_t> ids;
    batch.add(
        asked, [&](const GeneratedToken& token) { ids.push_back(token.id); },
        [&](const GenerationStatistics& statistics) {
          proposed += statistics.drafted_tokens;
          accepted += statistics.accepted_tokens;
        });
    while (batch.step()) {
    }
    ++firsts[ids[0]];
    ++seconds[ids[0]][ids[1]];
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, proposed);
  const auto logits_after = [&](std::vector<int32_t> text) {
    array logits = model->decoder().logits(array(text.begin(), {1, int(text.size())}, int32));
    logits = contiguous(slice(logits, {0, int(text.size()) - 1, 0}, {1, int(text.size()), 256}));
    logits.eval();
    return std::vector<float>(logits.data<float>(), logits.data<float>() + 256);
  };
  expect_distribution(firsts, tests::distribution(logits_after(prompt), prompt, asked.sampling));
  const auto common = std::max_element(firsts.begin(), firsts.end(), [](auto& a, auto& b) {
                        return a.second < b.second;
                      })->first;
  expect_distribution(seconds[common],
                      tests::distribution(logits_after({7, 8, 9, common}), prompt, asked.sampling));
}

TEST(Speculative, ADraftModelWithOtherTokensIsRefused) {
  const quern::tests::ModelFolder folder("tiny-chat");
  folder.edit_json("tokenizer.json",
                   [](nlohmann::json& json) { json["added_tokens"][0]["content"] = "<|other|>"; });
  const auto other = LanguageModel::load(folder.path());
  quern::tests::expect_error([&] { BatchGenerator batch(tiny_chat(), {.draft_model = other}); },
                             {"[draft]", "<|other|>"});
}

TEST(DraftLength, GrowsWhileGuessesHold) {
  DraftLength length(6);
  EXPECT_EQ(length.get(), 6);
  length.update(6, 1);
  length.update(5, 0);
  EXPECT_EQ(length.get(), 4);
  length.update(4, 4);
  length.update(6, 6);
  EXPECT_EQ(length.get(), 6);
  for (int i = 0; i < 20; ++i) length.update(length.get(), 0);
  EXPECT_EQ(length.get(), 1);
}

}  // namespace
}  // namespace quern::models
