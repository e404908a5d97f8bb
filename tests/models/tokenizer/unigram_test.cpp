#include "models/tokenizer/unigram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/error.h"
#include "models/tokenizer/prefix_trie.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::Ids;
using tests::json;
using tests::make;

json unigram_file(const std::vector<std::pair<std::string, double>>& vocab) {
  return {{"model", {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", vocab}}}};
}

TEST(Unigram, HighestSumOfScores) {
  // The example in the `tokenizers` library's documentation: "abcdacdxx" is abcd, a, cd, unknown.
  json file = unigram_file({{"<unk>", 0},
                            {"a", 0},
                            {"b", 0},
                            {"c", 0},
                            {"d", 0},
                            {"cd", 1},
                            {"ab", 2},
                            {"abc", 5},
                            {"abcd", 10}});
  EXPECT_EQ(make(file).encode("abcdacdxx"), (Ids{8, 1, 5, 0}));
  EXPECT_EQ(make(file).encode("xxaxx"), (Ids{0, 1, 0}));
  EXPECT_EQ(make(file).encode(""), Ids{});
}

TEST(Unigram, UnknownCharacters) {
  json file = unigram_file({{"<unk>", 0}, {"a", -1}, {"<0xC3>", -2}, {"<0xA9>", -2}, {"a", -3}});
  EXPECT_EQ(make(file).encode("aé"), (Ids{4, 0}));  // of a token that stands twice, the later
  file["model"]["byte_fallback"] = true;
  EXPECT_EQ(make(file).encode("éa"), (Ids{2, 3, 4}));
  EXPECT_EQ(make(file).encode("èa"), (Ids{0, 4}));  // not all bytes have tokens
  file["model"]["unk_id"] = nullptr;
  EXPECT_EQ(make(file).encode("èa"), (Ids{4}));
  file["model"]["unk_id"] = 5;
  EXPECT_THROW(make(file), ModelError);
}

/// The best sum of all ways to divide the text, tried one by one.
double best_sum(const std::vector<std::pair<std::string, double>>& vocab, const std::string& text) {
  if (text.empty()) return 0;
  double best = -INFINITY;
  for (const auto& [token, score] : vocab) {
    if (!text.starts_with(token)) continue;
    best = std::max(best, score + best_sum(vocab, text.substr(token.size())));
  }
  return best;
}

TEST(Unigram, EqualsTryingAllWays) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<std::string, double>> vocab = {{"<unk>", -50}};
    for (const char* token : {"a", "b", "▁", "▁a", "ab", "ba", "aba", "▁ab", "b▁", "bab"}) {
      if (std::string(token).size() == 1 || std::string(token) == "▁" || random() % 2) {
        vocab.emplace_back(token, -static_cast<double>(random() % 1000) / 100);
      }
    }
    Tokenizer tokenizer = make(unigram_file(vocab));
    std::string text;
    for (int i = 0; i < 9; ++i) {
      constexpr const char* letters[] = {"a", "b", "▁"};
      text += letters[random() % 3];
    }
    double sum = 0;
    std::string joined;
    for (int32_t id : tokenizer.encode(text)) {
      sum += vocab[static_cast<size_t>(id)].second;
      joined += vocab[static_cast<size_t>(id)].first;
    }
    EXPECT_EQ(joined, text);
    EXPECT_NEAR(sum, best_sum(vocab, text), 1e-9);
  }
}

TEST(WordLevel, WholeWords) {
  json file = json::parse(R"({"pre_tokenizer": {"type": "Whitespace"}, "model":
      {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "hello": 1, "world": 2}}})");
  EXPECT_EQ(make(file).encode("hello worlds  world"), (Ids{1, 0, 2}));
  file["model"]["unk_token"] = "none";
  EXPECT_EQ(make(file).encode("world"), (Ids{2}));
  EXPECT_THROW(make(file).encode("worlds"), ModelError);
}

TEST(PrefixTrie, AllKeysInFront) {
  PrefixTrie trie({{"ab", 1}, {"a", 2}, {"", 9}, {"abcd", 3}, {"b", 4}, {"a", 5}});
  auto found = [&](std::string_view text) {
    std::vector<std::pair<size_t, int32_t>> hits;
    trie.visit_prefixes(text,
                        [&](size_t length, int32_t value) { hits.emplace_back(length, value); });
    return hits;
  };
  using Hits = std::vector<std::pair<size_t, int32_t>>;
  EXPECT_EQ(found("abcx"), (Hits{{1, 5}, {2, 1}}));
  EXPECT_EQ(found("abcd"), (Hits{{1, 5}, {2, 1}, {4, 3}}));
  EXPECT_EQ(found("c"), Hits{});
  EXPECT_EQ(found(""), Hits{});
}

}  // namespace
}  // namespace quern::models
