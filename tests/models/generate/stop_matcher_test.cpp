#include "models/generate/stop_matcher.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace quern::models {
namespace {

TEST(StopMatcher, PassesTextThroughWithoutStopTexts) {
  StopMatcher matcher({});
  EXPECT_EQ(matcher.add("one "), "one ");
  EXPECT_EQ(matcher.add("two"), "two");
  EXPECT_EQ(matcher.finish(), "");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, FindsATextAcrossPieces) {
  StopMatcher matcher({"<|end|>"});
  EXPECT_EQ(matcher.add("Hello <"), "Hello ");
  EXPECT_EQ(matcher.add("|en"), "");
  EXPECT_EQ(matcher.add("d|> and more"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.add("nothing"), "");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcher, HoldsBackOnlyWhatCanStillMatch) {
  StopMatcher matcher({"abab", "xyz"});
  EXPECT_EQ(matcher.add("aba"), "");
  EXPECT_EQ(matcher.add("c"), "abac");
  EXPECT_EQ(matcher.add("ab"), "");
  EXPECT_EQ(matcher.add("xy"), "ab");
  EXPECT_EQ(matcher.add("x"), "xy");
  EXPECT_EQ(matcher.finish(), "x");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, TheMatchThatEndsFirstWins) {
  StopMatcher matcher({"long stop", "g s"});
  EXPECT_EQ(matcher.add("a long stop"), "a lon");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcher, OfMatchesWithOneEndTheLongestWins) {
  StopMatcher matcher({"\n", "User:\n"});
  EXPECT_EQ(matcher.add("Hi User:\n"), "Hi ");
}

TEST(StopMatcher, KeepsCharactersWhole) {
  StopMatcher matcher({"été!"});
  EXPECT_EQ(matcher.add("en é"), "en ");
  EXPECT_EQ(matcher.add("t"), "");
  EXPECT_EQ(matcher.add("è"), "étè");
}

TEST(StopMatcher, IgnoresEmptyStopTexts) {
  StopMatcher matcher({""});
  EXPECT_EQ(matcher.add("text"), "text");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, WherePiecesAreCutMakesNoDifference) {
  std::mt19937 random(4);
  const std::vector<std::string> stops = {"aab", "bb", "abaa"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += "aabc"[random() % 4];
    StopMatcher by_character(stops), in_pieces(stops);
    std::string expected, actual;
    for (const char c : text) expected += by_character.add(std::string(1, c));
    for (size_t begin = 0; begin < text.size();) {
      const size_t n = 1 + random() % 5;
      actual += in_pieces.add(std::string_view(text).substr(begin, n));
      begin += n;
    }
    ASSERT_EQ(actual, expected) << text;
    ASSERT_EQ(in_pieces.stopped(), by_character.stopped()) << text;
    expected += by_character.finish();
    actual += in_pieces.finish();
    ASSERT_EQ(actual, expected) << text;
    if (!by_character.stopped()) {
      ASSERT_EQ(actual, text);
    }
    for (const std::string& stop : stops) ASSERT_EQ(actual.find(stop), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace quern::models
