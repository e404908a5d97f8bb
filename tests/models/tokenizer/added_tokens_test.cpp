#include "models/tokenizer/added_tokens.h"

#include <gtest/gtest.h>

#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::Ids;
using tests::json;

/// Letters a to z as 0 to 25, a space as 26, and the added token "<x>" with the id 30 and these
/// options.
Tokenizer with_added_token(const json& options, const std::string& content = "<x>") {
  json file = tests::letters_file();
  file["model"]["vocab"][" "] = 26;
  json token = {{"id", 30}, {"content", content}, {"special", false}, {"normalized", false}};
  token.update(options);
  file["added_tokens"].push_back(token);
  return tests::make(file);
}

TEST(AddedTokens, DivideTheText) {
  Tokenizer tokenizer = with_added_token(json::object());
  EXPECT_EQ(tokenizer.encode("a <x> b<x>"), (Ids{0, 26, 30, 26, 1, 30}));
  EXPECT_EQ(tokenizer.encode("<x><x>"), (Ids{30, 30}));
}

TEST(AddedTokens, StripTakesWhiteSpaceAlong) {
  EXPECT_EQ(with_added_token({{"lstrip", true}}).encode("a  <x> b"), (Ids{0, 30, 26, 1}));
  EXPECT_EQ(with_added_token({{"rstrip", true}}).encode("a <x> \t\nb"), (Ids{0, 26, 30, 1}));
  EXPECT_EQ(with_added_token({{"rstrip", true}, {"lstrip", true}}).encode("a <x> <x> b"),
            (Ids{0, 30, 30, 1}));
}

TEST(AddedTokens, SingleWordNeedsBoundaries) {
  Tokenizer tokenizer = with_added_token({{"single_word", true}}, "bb");
  EXPECT_EQ(tokenizer.encode("bb a"), (Ids{30, 26, 0}));
  EXPECT_EQ(tokenizer.encode("abb bbé"), (Ids{0, 1, 1, 26, 1, 1}));
}

TEST(AddedTokens, NormalizedOnesMatchNormalizedText) {
  json file = tests::letters_file();
  file["normalizer"] = {{"type", "Lowercase"}};
  file["added_tokens"] = json::parse(R"([
      {"id": 30, "content": "Xx", "special": false, "normalized": true},
      {"id": 31, "content": "Yy", "special": false, "normalized": false}])");
  Tokenizer tokenizer = tests::make(file);
  EXPECT_EQ(tokenizer.encode("xXAYyyy"), (Ids{30, 0, 31, 24, 24}));
}

TEST(AddedTokens, LeftmostThenLongest) {
  auto token = [](const char* content, int32_t id) {
    AddedToken made;
    made.content = content;
    made.id = id;
    return made;
  };
  AddedTokenMatcher matcher({token("ab", 1), token("abcd", 2), token("bc", 3), token("é", 4)});
  auto ids = [&](std::string_view text) {
    std::string found;
    for (const AddedTokenSpan& span : matcher.find_all(text)) {
      found += span.id < 0 ? "." : std::to_string(span.id);
    }
    return found;
  };
  EXPECT_EQ(ids("abcd"), "2");
  EXPECT_EQ(ids("abce"), "1.");
  EXPECT_EQ(ids("xbcdé"), ".3.4");
  EXPECT_EQ(ids(""), "");
}

TEST(AddedTokens, SpecialOnesAreSkippedInDecoding) {
  Tokenizer tokenizer = with_added_token({{"special", true}});
  EXPECT_EQ(tokenizer.decode(Ids{0, 30, 1}), "a b");
  EXPECT_EQ(tokenizer.decode(Ids{0, 30, 1}, false), "a <x> b");
}

}  // namespace
}  // namespace quern::models
