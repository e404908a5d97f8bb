#include "models/generate/batch_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/error.h"
#include "models/generate/generator.h"
#include "tests/fixtures.h"
#include "tests/models/generate/toy_decoder.h"

namespace quern::models {
namespace {

using quern::tests::data_folder;
using testing::HasSubstr;

struct Answer {
  std::vector<int32_t> ids;
  std::string text;
  GenerationStatistics statistics;
  bool finished = false;
};

std::vector<int32_t> prompt(int n, int step = 37) {
  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) ids[size_t(i)] = (i * step + 11) % 200;
  return ids;
}

GenerationRequest request(std::vector<int32_t> prompt, int max_tokens) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  request.stop_at_eos = false;
  return request;
}

/// Of different lengths and kinds.
std::vector<GenerationRequest> mixed_requests() {
  std::vector<GenerationRequest> requests;
  const int lengths[] = {3, 150, 40, 1, 77, 20};
  for (int i = 0; i < 6; ++i)
    requests.push_back(request(prompt(lengths[i], 31 + 2 * i), 5 + 7 * i));
  requests[1].prefill_step_size = 20;
  requests[2].sampling = {.temperature = 0.8f, .top_k = 20, .repetition_penalty = 1.3f, .seed = 5};
  requests[4].sampling = {.temperature = 1.0f, .top_p = 0.9f, .seed = 6};
  return requests;
}

void add(BatchGenerator& batch, const GenerationRequest& request, Answer& answer,
         std::stop_token cancel = {}) {
  batch.add(
      request,
      [&answer](const GeneratedToken& token) {
        answer.ids.push_back(token.id);
        answer.text += token.text;
      },
      [&answer](const GenerationStatistics& statistics) {
        answer.statistics = statistics;
        answer.finished = true;
      },
      cancel);
}

Answer alone(const std::shared_ptr<const LanguageModel>& model, const GenerationRequest& request,
             BatchOptions options = {}) {
  BatchGenerator batch(model, std::move(options));
  Answer answer;
  add(batch, request, answer);
  while (batch.step()) {
  }
  EXPECT_TRUE(answer.finished);
  return answer;
}

std::shared_ptr<const LanguageModel> tiny_chat() {
  static const auto model =
      LanguageModel::load(data_folder() / "models" / "tiny-chat", {.exact = true});
  return model;
}

std::shared_ptr<const LanguageModel> toy(uint32_t seed, float sharpness = 1.0f) {
  return tiny_chat()->with_decoder(std::make_shared<tests::ToyDecoder>(256, seed, sharpness));
}

void expect_the_same_together(const std::shared_ptr<const LanguageModel>& model,
                              const BatchOptions& options) {
  const auto requests = mixed_requests();
  std::vector<Answer> answers(requests.size());
  BatchGenerator batch(model, options);
  size_t added = 0;
  for (int step = 0; added < requests.size() || batch.count() > 0; ++step) {
    // They join one after the other, while others run.
    if (step % 3 == 0 && added < requests.size()) {
      add(batch, requests[added], answers[added]);
      ++added;
    }
    batch.step();
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    const Answer expected = alone(model, requests[i]);
    EXPECT_TRUE(answers[i].finished);
    EXPECT_EQ(answers[i].ids, expected.ids) << i;
    EXPECT_EQ(answers[i].text, expected.text) << i;
    EXPECT_EQ(answers[i].statistics.finish_reason, expected.statistics.finish_reason) << i;
  }
}

TEST(BatchGenerator, AnAnswerDoesNotDependOnTheOthers) {
  expect_the_same_together(tiny_chat(), {});
  expect_the_same_together(tiny_chat(), {.max_sequences = 2});
  expect_the_same_together(tiny_chat(), {.step_tokens = 3});
  expect_the_same_together(tiny_chat(), {.prompt_tokens_beside_answers = 1});
  expect_the_same_together(toy(1), {});
}

class BatchOfFamily : public testing::TestWithParam<const char*> {};

TEST_P(BatchOfFamily, AnAnswerDoesNotDependOnTheOthers) {
  QUERN_NEEDS_FIXTURES(std::string("models/") + GetParam());
  const auto model =
      LanguageModel::load(quern::tests::fixtures_folder() / "models" / GetParam(), {.exact = true});
  std::vector<GenerationRequest> requests;
  std::vector<Answer> answers(3);
  BatchGenerator batch(model);
  for (int i = 0; i < 3; ++i) {
    auto ids = prompt(10 + 13 * i, 3 + i);
    for (int32_t& id : ids) id %= model->config().vocab_size;
    requests.push_back(request(std::move(ids), 12));
    add(batch, requests.back(), answers[size_t(i)]);
    batch.step();
  }
  while (batch.step()) {
  }
  for (size_t i = 0; i < requests.size(); ++i)
    EXPECT_EQ(answers[i].ids, alone(model, requests[i]).ids) << i;
}

// Windows, layers without positions, learned positions, tied heads.
INSTANTIATE_TEST_SUITE_P(Families, BatchOfFamily,
                         testing::Values("mistral", "cohere2", "exaone4", "smollm3", "llama-q4"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(BatchGenerator, AnswersGoOnWhileALongPromptIsRead) {
  BatchGenerator batch(tiny_chat(), {.prompt_tokens_beside_answers = 10});
  Answer running, joining;
  add(batch, request(prompt(5), 200), running);
  for (int i = 0; i < 5; ++i) batch.step();
  add(batch, request(prompt(200), 3), joining);
  int steps = 0;
  const size_t before = running.ids.size();
  while (joining.ids.empty()) {
    batch.step();
    ++steps;
  }
  EXPECT_GE(steps, 20);
  EXPECT_EQ(running.ids.size() - before, size_t(steps)) << "a token with each pass";
}

TEST(BatchGenerator, OthersWaitUntilThereIsRoom) {
  BatchGenerator batch(tiny_chat(), {.cache_bytes = 1});
  Answer first, second;
  add(batch, request(prompt(20), 10), first);
  batch.step();
  add(batch, request(prompt(9), 5), second);
  while (!first.finished) {
    EXPECT_TRUE(second.ids.empty());
    batch.step();
  }
  while (batch.step()) {
  }
  EXPECT_EQ(second.ids, alone(tiny_chat(), request(prompt(9), 5)).ids);
}

TEST(BatchGenerator, CancellingOneLeavesTheOthers) {
  const Answer expected = alone(tiny_chat(), request(prompt(20), 30));
  BatchGenerator batch(tiny_chat());
  Answer kept, answering, reading, waiting;
  std::stop_source stop;
  GenerationRequest slow = request(prompt(300), 30);
  slow.prefill_step_size = 4;
  add(batch, request(prompt(20), 30), kept);
  add(batch, request(prompt(7), 300), answering, stop.get_token());
  add(batch, slow, reading, stop.get_token());
  for (int i = 0; i < 8; ++i) batch.step();
  const size_t told = answering.ids.size();
  stop.request_stop();
  add(batch, request(prompt(9), 5), waiting, stop.get_token());
  while (batch.step()) {
  }
  EXPECT_EQ(kept.ids, expected.ids);
  EXPECT_LE(answering.ids.size(), told + 1);
  EXPECT_TRUE(reading.ids.empty());
  EXPECT_TRUE(waiting.ids.empty());
  for (const Answer* answer : {&answering, &reading, &waiting}) {
    EXPECT_TRUE(answer->finished);
    EXPECT_EQ(answer->statistics.finish_reason, FinishReason::cancelled);
  }
}

TEST(BatchGenerator, AnExceptionDropsAllAndItWorksAgain) {
  BatchGenerator batch(tiny_chat());
  Answer other;
  add(batch, request(prompt(10), 30), other);
  batch.add(
      request(prompt(12), 30), [](const GeneratedToken&) { throw std::runtime_error("no"); },
      [](const GenerationStatistics&) { ADD_FAILURE(); });
  EXPECT_THROW(while (batch.step()){}, std::runtime_error);
  EXPECT_EQ(batch.count(), 0u);
  EXPECT_FALSE(other.finished);
  Answer again;
  add(batch, request(prompt(10), 30), again);
  while (batch.step()) {
  }
  EXPECT_EQ(again.ids, alone(tiny_chat(), request(prompt(10), 30)).ids);
}

TEST(BatchGenerator, APromptBeginsWithWhatARunningOneHasRead) {
  BatchGenerator batch(tiny_chat());
  auto first = prompt(60), second = prompt(60);
  first.insert(first.end(), {1, 2, 3});
  second.insert(second.end(), {4, 5, 6});
  Answer a, b;
  add(batch, request(first, 40), a);
  for (int i = 0; i < 4; ++i) batch.step();
  add(batch, request(second, 10), b);
  while (batch.step()) {
  }
  EXPECT_EQ(b.statistics.cached_tokens, 60);
  EXPECT_EQ(a.ids, alone(tiny_chat(), request(first, 40)).ids);
  EXPECT_EQ(b.ids, alone(tiny_chat(), request(second, 10)).ids);
}

TEST(BatchGenerator, ANetworkThatCannotForgetGoesBackToBoundaries) {
  const auto model = toy(3);
  Generator generator(model);
  std::vector<int32_t> ids;
  const auto run = [&](std::vector<int32_t> tokens, std::vector<int> boundaries) {
    GenerationRequest asked = request(std::move(tokens), 6);
    asked.boundaries = std::move(boundaries);
    ids.clear();
    const auto statistics =
        generator.generate(asked, [&](const GeneratedToken& token) { ids.push_back(token.id); });
    EXPECT_EQ(ids, alone(model, request(asked.prompt, 6)).ids);
    return statistics.cached_tokens;
  };
  const auto base = prompt(30);
  EXPECT_EQ(run(base, {10, 25}), 0);
  auto next = base;
  next.resize(27);
  next.insert(next.end(), {1, 2, 3, 4});
  EXPECT_EQ(run(next, {10, 25}), 25) << "the last message's end";
  next.resize(14);
  next.insert(next.end(), {9, 9, 9});
  EXPECT_EQ(run(next, {}), 10) << "a mark outlives being gone back to";
  auto longer = next;
  longer.insert(longer.end(), ids.begin(), ids.end());
  longer.push_back(7);
  EXPECT_EQ(run(longer, {}), 17 + 5) << "a prompt that goes on needs no boundary";
}

/// Allows the tokens of a list, one after the other, or any of them twice as large; then the end.
class ListConstraint final : public TokenConstraint {
 public:
  ListConstraint(std::vector<int32_t> list, int vocab_size)
      : list_(std::move(list)), vocab_size_(vocab_size) {}

  array allowed() override {
    std::vector<uint8_t> flags(size_t(vocab_size_), 0);
    flags[size_t(list_[size_t(place_)])] = flags[size_t(list_[size_t(place_)] * 2)] = 1;
    return array(flags.begin(), {vocab_size_}, bool_);
  }
  void advance(int32_t token) override {
    EXPECT_TRUE(token == list_[size_t(place_)] || token == list_[size_t(place_)] * 2);
    ++place_;
  }
  bool complete() const override { return place_ == int(list_.size()); }

 private:
  std::vector<int32_t> list_;
  int vocab_size_;
  int place_ = 0;
};

TEST(BatchGenerator, AConstraintDecidesWhatMayCome) {
  const std::vector<int32_t> list = {5, 90, 17, 33, 64, 2, 101};
  GenerationRequest constrained = request(prompt(20), 50);
  constrained.constraint = [&] { return std::make_unique<ListConstraint>(list, 256); };
  BatchGenerator batch(tiny_chat());
  Answer greedy, sampled, free;
  add(batch, constrained, greedy);
  constrained.sampling = {.temperature = 1.0f, .top_k = 3, .seed = 1};
  add(batch, constrained, sampled);
  add(batch, request(prompt(20), 30), free);
  while (batch.step()) {
  }
  EXPECT_EQ(greedy.ids.size(), list.size());
  EXPECT_EQ(sampled.ids.size(), list.size());
  EXPECT_EQ(greedy.statistics.finish_reason, FinishReason::stop);
  EXPECT_EQ(free.ids, alone(tiny_chat(), request(prompt(20), 30)).ids);
}

TEST(BatchGenerator, QuantizedKeysAndValuesSayNearlyTheSame) {
  GenerationRequest asked = request(prompt(60), 30);
  asked.log_probabilities = 0;
  const auto run = [&](std::optional<KeyValueQuantization> quantization) {
    BatchGenerator batch(tiny_chat(), {.quantization = quantization});
    std::pair<float, size_t> out;
    batch.add(asked,
              [&](const GeneratedToken& token) {
                if (out.first == 0) out.first = token.log_probability->chosen;
              },
              {});
    while (batch.step()) {
    }
    out.second = batch.prefixes().nbytes();
    return out;
  };
  const auto [plain, plain_bytes] = run(std::nullopt);
  const auto [eight, eight_bytes] = run(KeyValueQuantization{.bits = 8});
  EXPECT_NEAR(plain, eight, 0.05);
  EXPECT_NE(plain, eight);
  EXPECT_LT(eight_bytes * 3, plain_bytes);
  EXPECT_EQ(run(KeyValueQuantization{.bits = 8, .start = 1000}).second, plain_bytes);
}

TEST(BatchGenerator, BadOptionsAreNamed) {
  const auto refused = [](BatchOptions options, const char* word) {
    try {
      BatchGenerator batch(tiny_chat(), std::move(options));
      ADD_FAILURE() << word;
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr(word));
      EXPECT_FALSE(error.advice().empty());
    }
  };
  refused({.max_sequences = 0}, "max_sequences is 0");
  refused({.step_tokens = 0}, "step_tokens is 0");
  refused({.draft_tokens = 0}, "draft_tokens is 0");
  refused({.quantization = KeyValueQuantization{.bits = 3}}, "kv_bits is 3");
}

}  // namespace
}  // namespace quern::models
