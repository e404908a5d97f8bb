#include "models/generate/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "engine/memory/memory.h"
#include "models/error.h"
#include "models/generate/chat_prompt.h"
#include "tests/fixtures.h"

namespace quern::models {
namespace {

using quern::tests::data_folder;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<int32_t> values(array a) {
  a.eval();
  return {a.data<int32_t>(), a.data<int32_t>() + a.size()};
}

struct Answer {
  std::vector<int32_t> ids;
  std::string text;
  GenerationStatistics statistics;
};

class GeneratorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = LanguageModel::load(data_folder() / "models" / "tiny-chat", {.exact = true});
  }
  static void TearDownTestSuite() { model_.reset(); }

  static GenerationRequest request(std::vector<int32_t> prompt, int max_tokens) {
    GenerationRequest request;
    request.prompt = std::move(prompt);
    request.max_tokens = max_tokens;
    request.sampling.temperature = 0;
    request.stop_at_eos = false;
    return request;
  }

  static Answer run(Generator& generator, const GenerationRequest& request) {
    Answer answer;
    answer.statistics = generator.generate(request, [&](const GeneratedToken& token) {
      answer.ids.push_back(token.id);
      answer.text += token.text;
    });
    return answer;
  }

  static Answer run_afresh(const GenerationRequest& request) {
    Generator generator(model_);
    return run(generator, request);
  }

  /// One that no answer ends on by itself.
  static std::vector<int32_t> prompt(int n) {
    std::vector<int32_t> ids(static_cast<size_t>(n));
    for (int i = 0; i < n; ++i) ids[size_t(i)] = (i * 37 + 11) % 200;
    return ids;
  }

  static std::shared_ptr<const LanguageModel> model_;
};

std::shared_ptr<const LanguageModel> GeneratorTest::model_;

TEST_F(GeneratorTest, GreedyTokensAreThoseOfTheReference) {
  const SafetensorsFile golden(data_folder() / "models" / "tiny-chat" / "golden.safetensors");
  const auto expected = values(golden.load("greedy"));
  const Answer answer = run_afresh(request(values(golden.load("tokens")), int(expected.size())));
  EXPECT_EQ(answer.ids, expected);
  EXPECT_EQ(answer.text, model_->tokenizer().decode(expected));
  EXPECT_EQ(answer.statistics.finish_reason, FinishReason::length);
  EXPECT_EQ(answer.statistics.generation_tokens, int(expected.size()));
  EXPECT_GT(answer.statistics.peak_memory, 0u);
}

TEST_F(GeneratorTest, HowThePromptIsCutMakesNoDifference) {
  GenerationRequest whole = request(prompt(50), 20);
  const Answer expected = run_afresh(whole);
  for (const int step : {1, 7, 25, 49, 50}) {
    GenerationRequest cut = whole;
    cut.prefill_step_size = step;
    std::vector<int> progress;
    cut.on_prefill = [&](int done, int total) {
      EXPECT_EQ(total, 50);
      progress.push_back(done);
    };
    EXPECT_EQ(run_afresh(cut).ids, expected.ids) << step;
    EXPECT_EQ(progress.size(), size_t((50 + step - 1) / step)) << step;
    EXPECT_EQ(progress.back(), 50);
  }
}

TEST(PrefillStepSize, IsSmallerForLargerModelsAndWhatIsAskedFor) {
  const auto size_for = [](int layers, int hidden_size) {
    ModelConfig config;
    config.num_hidden_layers = layers;
    config.hidden_size = hidden_size;
    return prefill_step_size({}, config);
  };
  EXPECT_EQ(size_for(2, 64), 512);
  EXPECT_EQ(size_for(24, 896), 512);   // 0.5 billion parameters
  EXPECT_EQ(size_for(16, 2048), 256);  // 1
  EXPECT_EQ(size_for(28, 3072), 128);  // 3
  EXPECT_EQ(size_for(80, 8192), 128);  // 70
  GenerationRequest asked;
  asked.prefill_step_size = 7;
  EXPECT_EQ(prefill_step_size(asked, {}), 7);
}

TEST_F(GeneratorTest, SampledTokensDependOnTheSeedAndNotOnChunksOrTheCache) {
  GenerationRequest sampled = request(prompt(30), 40);
  sampled.sampling = {.temperature = 0.9f,
                      .top_p = 0.9f,
                      .repetition_penalty = 1.2f,
                      .frequency_penalty = 0.2f,
                      .penalty_window = 8,
                      .seed = 12};
  Generator generator(model_);
  const Answer first = run(generator, sampled);
  EXPECT_EQ(run(generator, sampled).ids, first.ids);
  sampled.prefill_step_size = 4;
  EXPECT_EQ(run_afresh(sampled).ids, first.ids);
  sampled.sampling.seed = 13;
  EXPECT_NE(run_afresh(sampled).ids, first.ids);
}

TEST_F(GeneratorTest, APromptThatContinuesTheLastOneReusesItAndItsAnswer) {
  Generator generator(model_);
  std::vector<int32_t> conversation = prompt(20);
  const Answer first = run(generator, request(conversation, 10));
  EXPECT_EQ(first.statistics.cached_tokens, 0);
  // The answer's last token was never fed.
  EXPECT_EQ(generator.context_used(), 20 + 9);

  conversation.insert(conversation.end(), first.ids.begin(), first.ids.end());
  conversation.insert(conversation.end(), {5, 6, 7});
  const Answer second = run(generator, request(conversation, 10));
  EXPECT_EQ(second.statistics.cached_tokens, 29);
  EXPECT_EQ(second.statistics.prompt_tokens, 33);
  EXPECT_EQ(second.ids, run_afresh(request(conversation, 10)).ids);
}

TEST_F(GeneratorTest, APromptThatDiffersIsEvaluatedFromThereOn) {
  Generator generator(model_);
  run(generator, request(prompt(30), 10));
  std::vector<int32_t> other = prompt(30);
  other[12] += 1;
  const Answer answer = run(generator, request(other, 10));
  EXPECT_EQ(answer.statistics.cached_tokens, 12);
  EXPECT_EQ(answer.ids, run_afresh(request(other, 10)).ids);

  const Answer nothing_in_common = run(generator, request({199, 3}, 10));
  EXPECT_EQ(nothing_in_common.statistics.cached_tokens, 0);
  EXPECT_EQ(nothing_in_common.ids, run_afresh(request({199, 3}, 10)).ids);
}

TEST_F(GeneratorTest, TheSamePromptAgainKeepsAllButItsLastToken) {
  Generator generator(model_);
  const Answer first = run(generator, request(prompt(20), 5));
  const Answer again = run(generator, request(prompt(20), 5));
  EXPECT_EQ(again.statistics.cached_tokens, 19);
  EXPECT_EQ(again.ids, first.ids);
}

TEST_F(GeneratorTest, ClearForgetsEverything) {
  Generator generator(model_);
  run(generator, request(prompt(20), 5));
  generator.clear();
  EXPECT_EQ(generator.context_used(), 0);
  EXPECT_EQ(run(generator, request(prompt(20), 5)).statistics.cached_tokens, 0);
}

TEST_F(GeneratorTest, AnEndTokenEndsTheAnswerAndIsNotText) {
  GenerationRequest ending = request(prompt(10), 20);
  ending.stop_at_eos = true;
  ending.sampling.logit_bias[model_->eos_token_ids().front()] = 1000;
  Generator generator(model_);
  const Answer answer = run(generator, ending);
  EXPECT_THAT(answer.ids, ElementsAre(model_->eos_token_ids().front()));
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(answer.statistics.finish_reason, FinishReason::stop);
  // It stays in the cache, where the next prompt of the conversation has it too.
  EXPECT_EQ(generator.context_used(), 11);
}

TEST_F(GeneratorTest, AStopTextEndsTheAnswerAndIsNotPartOfIt) {
  const int32_t letter = model_->tokenizer().encode("x", false).at(0);
  GenerationRequest stopping = request(prompt(10), 20);
  stopping.sampling.logit_bias[letter] = 1000;
  stopping.stop = {"y", "xxxx"};
  const Answer answer = run_afresh(stopping);
  EXPECT_EQ(answer.ids.size(), 4u);
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(answer.statistics.finish_reason, FinishReason::stop);

  stopping.max_tokens = 3;
  const Answer cut = run_afresh(stopping);
  EXPECT_EQ(cut.text, "xxx") << "what was held back is text after all";
  EXPECT_EQ(cut.statistics.finish_reason, FinishReason::length);
}

TEST_F(GeneratorTest, GenerationEndsWhenTheContextIsFull) {
  const int context = model_->config().max_position_embeddings;
  Generator generator(model_);
  const Answer answer = run(generator, request(prompt(context - 5), -1));
  EXPECT_EQ(answer.statistics.generation_tokens, 6);
  EXPECT_EQ(answer.statistics.finish_reason, FinishReason::length);
  EXPECT_EQ(generator.context_used(), context);
  EXPECT_EQ(run(generator, request(prompt(context), -1)).statistics.generation_tokens, 1);
}

TEST_F(GeneratorTest, NoTokensMayBeAskedFor) {
  Generator generator(model_);
  const Answer answer = run(generator, request(prompt(10), 0));
  EXPECT_TRUE(answer.ids.empty());
  EXPECT_EQ(answer.statistics.finish_reason, FinishReason::length);
  EXPECT_EQ(generator.context_used(), 10);
}

TEST_F(GeneratorTest, CancellingEndsWithinOneToken) {
  Generator generator(model_);
  std::stop_source stop;
  int tokens = 0;
  const auto statistics = generator.generate(
      request(prompt(10), 100),
      [&](const GeneratedToken&) {
        if (++tokens == 5) stop.request_stop();
      },
      stop.get_token());
  EXPECT_LE(tokens, 6);
  EXPECT_EQ(statistics.generation_tokens, tokens);
  EXPECT_EQ(statistics.finish_reason, FinishReason::cancelled);
  EXPECT_EQ(run(generator, request(prompt(10), 20)).ids, run_afresh(request(prompt(10), 20)).ids);
}

TEST_F(GeneratorTest, CancellingThePromptKeepsItsFinishedPart) {
  Generator generator(model_);
  std::stop_source stop;
  GenerationRequest slow = request(prompt(40), 10);
  slow.prefill_step_size = 8;
  slow.on_prefill = [&](int done, int) {
    if (done == 16) stop.request_stop();
  };
  const auto statistics = generator.generate(
      slow, [](const GeneratedToken&) { FAIL(); }, stop.get_token());
  EXPECT_EQ(statistics.finish_reason, FinishReason::cancelled);
  EXPECT_EQ(statistics.generation_tokens, 0);
  EXPECT_EQ(generator.context_used(), 16);
  const Answer answer = run(generator, request(prompt(40), 10));
  EXPECT_EQ(answer.statistics.cached_tokens, 16);
  EXPECT_EQ(answer.ids, run_afresh(request(prompt(40), 10)).ids);
}

void expect_refused(Generator& generator, const GenerationRequest& request,
                    const std::vector<std::string>& words) {
  try {
    generator.generate(request, [](const GeneratedToken&) {});
    ADD_FAILURE() << "was not refused: " << words.front();
  } catch (const ModelError& error) {
    for (const std::string& word : words) EXPECT_THAT(error.what(), HasSubstr(word));
    EXPECT_FALSE(error.advice().empty());
  }
}

TEST_F(GeneratorTest, BadRequestsAreRefusedAndTheCacheStays) {
  Generator generator(model_);
  run(generator, request(prompt(20), 5));
  const int used = generator.context_used();
  expect_refused(generator, request({}, 5), {"empty"});
  expect_refused(generator, request({1, 256}, 5), {"256"});
  expect_refused(generator, request({-1}, 5), {"-1"});
  expect_refused(generator, request(prompt(513), 5), {"513", "512"});
  expect_refused(generator, request({1}, -2), {"max_tokens", "-2"});
  GenerationRequest bad = request({1}, 5);
  bad.sampling.top_p = 0;
  expect_refused(generator, bad, {"top_p"});
  bad = request({1}, 5);
  bad.prefill_step_size = 0;
  expect_refused(generator, bad, {"prefill_step_size"});
  EXPECT_EQ(generator.context_used(), used);
}

TEST_F(GeneratorTest, AnExceptionEmptiesTheCache) {
  Generator generator(model_);
  EXPECT_THROW(generator.generate(request(prompt(20), 50),
                                  [](const GeneratedToken&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(generator.context_used(), 0);
  EXPECT_EQ(run(generator, request(prompt(20), 10)).ids, run_afresh(request(prompt(20), 10)).ids);
}

TEST_F(GeneratorTest, RunningOutOfMemoryIsAnErrorAfterWhichItWorksAgain) {
  Generator generator(model_);
  run(generator, request(prompt(20), 5));
  clear_cache();  // what it holds may be used beyond the limit
  const size_t limit = set_memory_limit(get_active_memory() + 1000);
  EXPECT_THROW(run(generator, request(prompt(500), 5)), std::exception);
  set_memory_limit(limit);
  EXPECT_EQ(generator.context_used(), 0);
  EXPECT_EQ(run(generator, request(prompt(20), 10)).ids, run_afresh(request(prompt(20), 10)).ids);
}

TEST_F(GeneratorTest, ChatPromptsAreWrittenByTheTemplateAlone) {
  const std::vector<ChatMessage> messages = {{"system", "A"}, {"user", "B"}};
  EXPECT_EQ(encode_chat(*model_, messages),
            model_->tokenizer().encode("<|system|>A<|end|><|user|>B<|end|><|assistant|>", false));
}

}  // namespace
}  // namespace quern::models
