#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "models/error.h"
#include "models/generate/sampler.h"
#include "models/generate/structured/grammar.h"
#include "tests/fixtures.h"
#include "tests/models/generate/structured/schema_validator.h"
#include "tests/models/generate/structured/schemas.h"
#include "tests/models/generate/structured/vocabularies.h"

namespace quern::models {
namespace {

using nlohmann::json;
using Json = nlohmann::ordered_json;

std::vector<int32_t> allowed_ids(Constraint& constraint) {
  array mask = constraint.allowed();
  mask.eval();
  std::vector<int32_t> ids;
  for (int32_t id = 0; id < mask.shape(0); ++id) {
    if (mask.data<bool>()[id]) ids.push_back(id);
  }
  return ids;
}

TEST(Constraint, AllowsExactlyTheTokensFromWhichTheTextCanGoOn) {
  const std::vector<std::string> words = {"ab", "abc", "b1", "12", "é", "1\xC3", "abcd"};
  const auto vocabulary = tests::byte_vocabulary(words);
  const auto grammar = Grammar::from_regex("(ab|abc)1{0,2}é?", vocabulary);
  const int32_t end = 256 + int32_t(words.size());
  Constraint constraint(grammar);
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{'a', 256, 257}));
  constraint.advance(256);
  EXPECT_TRUE(constraint.is_complete());
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{'1', 'c', 0xC3, 260, 261, end}));
  Constraint other = constraint;
  constraint.advance(261);
  EXPECT_FALSE(constraint.is_complete());
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{0xA9}));
  constraint.advance(0xA9);
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{end}));
  EXPECT_THROW(constraint.advance('a'), ModelError);
  EXPECT_THROW(constraint.advance(-1), ModelError);
  constraint.advance(end);
  EXPECT_TRUE(constraint.ended());
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{end}));
  other.advance('1');
  EXPECT_TRUE(other.is_complete());
}

TEST(Constraint, TheMaskAgreesWithEveryTokenTriedAlone) {
  const std::vector<std::string> words = {"{\"", "\":", "\": ", "name", "age",      "true}", "null",
                                          "\"}", "12",  "3,",   " \"",  "\",",      "]",     "]}",
                                          "\\u", "00",  "\\\"", "日",   "\xE6\x97", "\", \""};
  const auto vocabulary = tests::byte_vocabulary(words);
  std::mt19937 random(3);
  for (const Json& schema : tests::sample_schemas()) {
    Constraint constraint(Grammar::from_json_schema(schema, vocabulary));
    for (int step = 0; step < 40 && !constraint.ended(); ++step) {
      const auto ids = allowed_ids(constraint);
      ASSERT_FALSE(ids.empty());
      std::vector<int32_t> expected;
      for (int32_t id = 0; id < vocabulary->vocab_size(); ++id) {
        if (constraint.allows(id)) expected.push_back(id);
      }
      ASSERT_EQ(ids, expected) << schema;
      constraint.advance(ids[random() % ids.size()]);
    }
  }
}

TEST(Constraint, AVocabularyWithoutTheBytesIsRefused) {
  std::vector<std::string> letters;
  for (char c = 'a'; c <= 'e'; ++c) letters.emplace_back(1, c);
  letters.push_back("xyz");
  letters.push_back("<end>");
  const Tokenizer tokenizer = tests::make(tests::bpe_file(letters));
  // Without a decoder, every token but the first has a space before it.
  const auto vocabulary = std::make_shared<TokenTrie>(tokenizer, 7, std::vector<int32_t>{6});
  EXPECT_THROW(Grammar::from_regex("[m-p]", vocabulary), ModelError);
  EXPECT_THROW(TokenTrie(tokenizer, 7, {}), ModelError);
  EXPECT_THROW(TokenTrie(tokenizer, 6, std::vector<int32_t>{6}), ModelError);
}

TEST(Constraint, ATokenThatLeadsIntoADeadEndIsNotAllowed) {
  // "x" has no token of its own: after "ab" nothing could write "abx", but "abx" itself can.
  json file = tests::bpe_file({"a", "b", "ab", "abx", "c", "<end>"});
  file["decoder"] = {{"type", "Fuse"}};
  const auto vocabulary =
      std::make_shared<TokenTrie>(tests::make(file), 6, std::vector<int32_t>{5});
  Constraint constraint(Grammar::from_regex("abx|abc|ca*", vocabulary));
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{0, 2, 3, 4}));
  Constraint only_x(Grammar::from_regex("(abx)?", vocabulary));
  EXPECT_EQ(allowed_ids(only_x), (std::vector<int32_t>{3, 5}));
}

TEST(Constraint, SpacesAreCountedAsTheyWillBeDecoded) {
  json file = tests::bpe_file({"\u2581{", "{", "}", "\u2581", "<0x7B>", "\u2581}", "<end>"});
  file["decoder"] = json::parse(
      R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
          {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})");
  const auto vocabulary =
      std::make_shared<TokenTrie>(tests::make(file), 7, std::vector<int32_t>{6});
  Constraint constraint(Grammar::from_regex("\\{ ?\\}", vocabulary));
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{0, 1, 4}));
  constraint.advance(0);
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{2, 3, 5}));
}

TEST(Constraint, TheSamplerTakesOnlyAllowedTokens) {
  const int32_t vocab_size = 8;
  const std::vector<float> logits = {9, 8, 7, 6, 5, 4, 3, -std::numeric_limits<float>::infinity()};
  const array given(logits.begin(), {1, 1, vocab_size}, float32);
  const std::vector<int32_t> prompt = {0};
  for (const float temperature : {0.0f, 1.0f, 5.0f}) {
    for (const int32_t only : {3, 7}) {
      std::vector<uint8_t> flags(vocab_size, 0);
      flags[size_t(only)] = 1;
      Sampler sampler({.temperature = temperature,
                       .top_p = 0.9f,
                       .min_p = 0.1f,
                       .top_k = 3,
                       .xtc_probability = 1.0f,
                       .xtc_threshold = 0.1f,
                       .repetition_penalty = 1.5f,
                       .seed = 1},
                      vocab_size, prompt);
      const array allowed(flags.begin(), {vocab_size}, bool_);
      for (int i = 0; i < 5; ++i) EXPECT_EQ(sampler.sample(given, allowed).item<int32_t>(), only);
    }
  }
}

TEST(Constraint, SeveralThreadsShareAGrammar) {
  const auto grammar =
      Grammar::from_json_schema(tests::sample_schemas()[1], tests::byte_vocabulary());
  std::vector<std::thread> threads;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&grammar, seed] {
      std::mt19937 random(seed);
      for (int run = 0; run < 20; ++run) {
        Constraint constraint(grammar);
        for (int step = 0; step < 30 && !constraint.ended(); ++step) {
          const auto ids = allowed_ids(constraint);
          constraint.advance(ids[random() % ids.size()]);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Constraint, GoesOnWhenTheCacheIsEmptied) {
  // More states than the cache keeps: each count is one of its own.
  const auto grammar = Grammar::from_regex("((ab){50000}c)+", tests::byte_vocabulary());
  Constraint constraint(grammar);
  for (int i = 0; i < 50000; ++i) {
    constraint.advance('a');
    constraint.advance('b');
  }
  EXPECT_EQ(allowed_ids(constraint), (std::vector<int32_t>{'c'}));
  constraint.advance('c');
  EXPECT_TRUE(constraint.is_complete());
}

class RealVocabulary : public testing::TestWithParam<const char*> {};

TEST_P(RealVocabulary, WritesOnlyValidJson) {
  QUERN_NEEDS_FIXTURES("tokenizers");
  const auto folder = quern::tests::fixtures_folder() / "tokenizers" / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "FIXTURES MISSING: " << folder;
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const int32_t vocab_size = tokenizer.vocab_size() + 1;
  const std::vector<int32_t> end = {vocab_size - 1};
  const auto vocabulary = std::make_shared<TokenTrie>(tokenizer, vocab_size, end);
  std::vector<int32_t> closing;  // later ones first
  for (const std::string_view text : {"}", "]", "\""}) {
    for (int32_t id = 0; id < vocab_size; ++id) {
      if (vocabulary->bytes(id) == text) closing.push_back(id);
    }
  }
  closing.push_back(end[0]);
  std::mt19937 random(7);
  for (const Json& schema : tests::sample_schemas()) {
    const auto grammar = Grammar::from_json_schema(schema, vocabulary);
    for (int run = 0; run < 2; ++run) {
      Constraint constraint(grammar);
      std::vector<int32_t> tokens;
      while (!constraint.ended() && tokens.size() < 2000) {
        const auto ids = allowed_ids(constraint);
        ASSERT_FALSE(ids.empty());
        int32_t chosen = ids[random() % ids.size()];
        if (tokens.size() > 8 && random() % 8 != 0) {
          for (const int32_t id : closing) {
            if (constraint.allows(id)) chosen = id;
          }
        }
        constraint.advance(chosen);
        if (!constraint.ended()) tokens.push_back(chosen);
      }
      ASSERT_TRUE(constraint.ended()) << schema << "\n" << tokenizer.decode(tokens);
      const std::string text = tokenizer.decode(tokens);
      const Json value = Json::parse(text, nullptr, false);
      ASSERT_FALSE(value.is_discarded()) << schema << "\n" << text;
      ASSERT_TRUE(tests::is_valid(value, schema, schema)) << schema << "\n" << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, RealVocabulary,
                         testing::Values("llama3", "llama2", "gemma", "deepseek-llm"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace quern::models
