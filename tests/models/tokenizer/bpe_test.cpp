#include "models/tokenizer/bpe.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <random>

#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::Ids;
using tests::json;

/// Byte-pair encoding as its definition says: join the pair of lowest rank, leftmost first, until
/// none is left.
std::vector<std::string> merge_by_definition(std::vector<std::string> parts,
                                             const std::vector<std::string>& merges) {
  std::map<std::string, size_t> ranks;
  for (size_t i = 0; i < merges.size(); ++i) ranks[merges[i]] = i;
  while (true) {
    size_t best = parts.size();
    size_t best_rank = merges.size();
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      auto found = ranks.find(parts[i] + " " + parts[i + 1]);
      if (found != ranks.end() && found->second < best_rank) {
        best_rank = found->second;
        best = i;
      }
    }
    if (best == parts.size()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(TokenizerBpe, EqualsTheDefinitionOnRandomRules) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> tokens = {"a", "b", "c", "d", "_"};
    std::vector<std::string> merges;
    while (merges.size() < 25) {
      std::string left = tokens[random() % tokens.size()];
      std::string right = tokens[random() % tokens.size()];
      if (std::find(tokens.begin(), tokens.end(), left + right) != tokens.end()) continue;
      tokens.push_back(left + right);
      merges.push_back(left + " " + right);
    }
    Tokenizer tokenizer = tests::make(tests::bpe_file(tokens, merges));
    for (size_t length : {1, 5, 20, 90, 90, 90}) {  // long enough to be cut as well
      std::string text;
      std::vector<std::string> letters;
      for (size_t i = 0; i < length; ++i) {
        letters.push_back(tokens[random() % 5]);
        text += letters.back();
      }
      std::vector<std::string> found;
      for (int32_t id : tokenizer.encode(text)) found.emplace_back(tokenizer.id_to_token(id));
      EXPECT_EQ(found, merge_by_definition(letters, merges)) << text;
    }
  }
}

TEST(TokenizerBpe, UnknownCharactersFuseAcrossALongText) {
  json file = tests::letters_file();
  file["model"]["vocab"]["?"] = 26;
  file["model"]["unk_token"] = "?";
  file["model"]["fuse_unk"] = true;
  EXPECT_EQ(tests::make(file).encode("abcdefghijklmnop1234567890qrs"),
            (Ids{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 26, 16, 17, 18}));
}

TEST(TokenizerBpe, LongWordsTakeNoQuadraticTime) {
  json file = tests::letters_file({"a a", "aa aa"});
  Tokenizer tokenizer = tests::make(file);
  auto start = std::chrono::steady_clock::now();
  Ids ids = tokenizer.encode(std::string(400000, 'a'));
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(ids, Ids(100000, 27));
  EXPECT_LT(elapsed.count(), 20.0);  // a quadratic merge would need minutes
}

TEST(TokenizerBpe, TheCacheForgetsAndStaysRight) {
  Tokenizer tokenizer = tests::make(tests::letters_file({"a b"}));
  auto word = [](int n) {
    std::string text;
    for (; n > 0; n /= 26) text += static_cast<char>('a' + n % 26);
    return "ab" + text;
  };
  for (int round = 0; round < 2; ++round) {
    for (int n = 1; n < 60000; ++n) {
      Ids ids = tokenizer.encode(word(n));
      std::string text;
      for (int32_t id : ids) text += tokenizer.id_to_token(id);
      ASSERT_EQ(text, word(n));
    }
  }
}

}  // namespace
}  // namespace quern::models
