#include "models/tokenizer/character_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "models/tokenizer/base64.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/normalizer.h"
#include "tests/models/tokenizer/tiny_character_map.h"

namespace quern::models {
namespace {

using tests::CharacterMapBytes;

const std::map<std::string, std::string> replacements = {
    {"ﬁ", "fi"}, {"①", "1"}, {"e\u0301", "é"}, {"e", "E"}, {"\u200B", ""}, {"\u3000", " "}};

TEST(CharacterMap, LongestAndShortest) {
  CharacterMap map(CharacterMapBytes(replacements).bytes());
  auto longest = map.longest("e\u0301x");
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->first, 3u);
  EXPECT_EQ(longest->second, "é");
  EXPECT_EQ(map.shortest("e\u0301x"), "E");
  EXPECT_EQ(map.shortest("\u200Bx"), "");
  EXPECT_EQ(map.shortest("x"), std::nullopt);
  EXPECT_EQ(map.longest(""), std::nullopt);
  EXPECT_TRUE(CharacterMap().empty());
  EXPECT_EQ(CharacterMap().longest("e"), std::nullopt);
}

TEST(CharacterMap, TheNormalizerGoesByGraphemeClusters) {
  nlohmann::json component = {
      {"type", "Precompiled"},
      {"precompiled_charsmap", tests::base64(CharacterMapBytes(replacements).bytes())}};
  auto normalized = [&](std::string text) {
    make_normalizer(component)->normalize(text);
    return text;
  };
  EXPECT_EQ(normalized("ﬁx ①\u3000\u200By"), "fix 1 y");
  // The cluster e + acute is short enough to be replaced as a whole, by what its first character
  // becomes; e + acute + two more marks is not, and each character is looked at by itself.
  EXPECT_EQ(normalized("e\u0301"), "E");
  EXPECT_EQ(normalized("e\u0301\u0302\u0303"), "E\u0301\u0302\u0303");
  EXPECT_EQ(normalized(""), "");
}

TEST(CharacterMap, DamagedOnesAreRefusedOrHarmless) {
  for (const char* text : {"!", "AAA", "AAAAAA==", "////////"}) {
    nlohmann::json component = {{"type", "Precompiled"}, {"precompiled_charsmap", text}};
    EXPECT_THROW(make_normalizer(component), FormatError) << text;
  }
  std::string bytes = CharacterMapBytes(replacements).bytes();
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = bytes;
    for (int n = 0; n < 20; ++n) damaged[4 + random() % 4096] = static_cast<char>(random());
    CharacterMap map(damaged);
    for (std::string text : {"e\u0301", "ﬁ", "①"}) {
      auto found = map.longest(text);
      EXPECT_TRUE(!found || found->first <= text.size());
    }
  }
}

TEST(Base64, PublishedExamples) {
  // RFC 4648, section 10.
  EXPECT_EQ(base64_bytes(""), "");
  EXPECT_EQ(base64_bytes("Zg=="), "f");
  EXPECT_EQ(base64_bytes("Zm8="), "fo");
  EXPECT_EQ(base64_bytes("Zm9v"), "foo");
  EXPECT_EQ(base64_bytes("Zm9vYg=="), "foob");
  EXPECT_EQ(base64_bytes("Zm9vYmE="), "fooba");
  EXPECT_EQ(base64_bytes("Zm9vYmFy"), "foobar");
  EXPECT_EQ(base64_bytes("Zm9vYmE"), "fooba");
  EXPECT_EQ(base64_bytes("Zm9v!"), std::nullopt);
  EXPECT_EQ(base64_bytes("Zm9vY"), std::nullopt);
  EXPECT_EQ(base64_bytes("Z==="), std::nullopt);
  EXPECT_EQ(base64_bytes("===="), std::nullopt);
}

}  // namespace
}  // namespace quern::models
