#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "models/error.h"
#include "models/generate/structured/grammar.h"
#include "models/tokenizer/utf8.h"
#include "tests/models/generate/structured/vocabularies.h"

namespace quern::models {
namespace {

bool matches(const std::string& pattern, std::string_view text) {
  static const auto vocabulary = tests::byte_vocabulary();
  return Grammar::from_regex(pattern, vocabulary)->matches(text);
}

/// All texts over the alphabet of at most that many characters.
std::vector<std::string> all_texts(std::string_view alphabet, size_t length) {
  std::vector<std::string> texts = {""};
  for (size_t begin = 0, n = 0; n < length; ++n) {
    const size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const char c : alphabet) texts.push_back(texts[begin] + c);
    }
  }
  return texts;
}

TEST(RegexGrammar, MatchesWhatAnotherImplementationMatches) {
  const auto vocabulary = tests::byte_vocabulary();
  const auto texts = all_texts("ab0-", 6);
  for (const char* pattern : {"a",          "a*b",           "(a|ab)(b|)",
                              "a{2,4}",     "(ab?){2,3}0",   "[a-b]+-?",
                              "[^a]*",      "(a*)*b",        "(a|b)*a(a|b){2}",
                              "a{0}b",      "(a{1,2}){2}",   "\\w+",
                              "\\d|\\D{3}", "(?:a|b|0)?-+?", ".{3}",
                              "[\\d-]+",    "[a\\-b]{2,}",   "(a{0,2}b{0,2}){0,2}",
                              "^ab$",       "((a|)(b|)){2}", "(a+){3}",
                              "a|^b$|0",    "\\x61\\u0062*", "[ab]{1,3}0{2}",
                              "(|a)b",      "(a?){3}a{2}"}) {
    const auto grammar = Grammar::from_regex(pattern, vocabulary);
    const std::regex reference(pattern);
    for (const std::string& text : texts) {
      ASSERT_EQ(grammar->matches(text), std::regex_match(text, reference))
          << pattern << " on \"" << text << '"';
    }
  }
}

TEST(RegexGrammar, CountsFarWithoutGrowing) {
  EXPECT_TRUE(matches("(ab){10000}c", [] {
    std::string text;
    for (int i = 0; i < 10000; ++i) text += "ab";
    return text + "c";
  }()));
  EXPECT_FALSE(matches("a{9999}", std::string(9998, 'a')));
  EXPECT_FALSE(matches("a{0,9999}", std::string(10000, 'a')));
}

TEST(RegexGrammar, ClassesAreSetsOfCharactersInUtf8) {
  const struct {
    const char* pattern;
    char32_t first, last;
  } cases[] = {{"[\\u0041-\\u{10FFFF}]", 0x41, 0x10FFFF},
               {"[\\u07FF-\\u0800]", 0x7FF, 0x800},
               {"[\\u0840-\\u2010]", 0x840, 0x2010},
               {"[\\u00e9-\\u{1F601}]", 0xE9, 0x1F601},
               {"[\\uD83D\\uDE00-\\u{1F64F}]", 0x1F600, 0x1F64F},
               {"é", 0xE9, 0xE9},
               {"[^\\u0000-\\u0FFF]", 0x1000, 0x10FFFF},
               {"[\\u{FFFF}-\\u{10000}]", 0xFFFF, 0x10000}};
  const auto vocabulary = tests::byte_vocabulary();
  for (const auto& [pattern, first, last] : cases) {
    const auto grammar = Grammar::from_regex(pattern, vocabulary);
    for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x2100 ? 1 : 61) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      std::string text;
      append_utf8(c, text);
      ASSERT_EQ(grammar->matches(text), first <= c && c <= last)
          << pattern << " on " << uint32_t(c);
    }
    for (const uint32_t c : {first - 1u, uint32_t(first), uint32_t(last), last + 1u}) {
      std::string text;
      if (c > 0x10FFFF) continue;
      append_utf8(c, text);
      ASSERT_EQ(grammar->matches(text), first <= c && c <= last)
          << pattern << " on " << uint32_t(c);
    }
    for (const char* wrong : {"\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\x80",
                              "\xE0\x80\x80", "\x80", "\xC3\xA9\xA9"}) {
      EXPECT_FALSE(grammar->matches(wrong)) << pattern;
    }
  }
}

TEST(RegexGrammar, WhiteSpaceIsUnicodes) {
  for (const char* text : {" ", "\t", "\xC2\xA0", "\xE2\x80\xA8", "\xE3\x80\x80"}) {
    EXPECT_TRUE(matches("\\s", text));
    EXPECT_FALSE(matches("\\S", text));
  }
  EXPECT_FALSE(matches(".", "\n"));
}

TEST(RegexGrammar, MalformedAndUnsupportedPatternsAreRefused) {
  for (const char* pattern : {"(",       ")",           "a)",
                              "[",       "[]",          "[b-a]",
                              "[a-\\d]", "*",           "a**",
                              "a{2,1}",  "{2}",         "a{2",
                              "\\",      "\\x6",        "\\u00",
                              "\\uD800", "\\u{110000}", "\\1",
                              "\\b",     "\\p{L}",      "(?=a)",
                              "(?!a)",   "(?<=a)",      "(?i)a",
                              "a^b",     "(a$)b",       "a{99999999999}",
                              "(?<name", "\xFF",        "[^\\s\\S]"}) {
    EXPECT_THROW(matches(pattern, ""), ModelError) << pattern;
  }
  EXPECT_THROW(matches(std::string(100000, '('), ""), ModelError);
  EXPECT_THROW(matches(std::string(300, '(') + std::string(300, ')'), ""), ModelError);
}

TEST(RegexGrammar, AnAmbiguousPatternEndsInAnErrorNotInAHang) {
  const auto vocabulary = tests::byte_vocabulary();
  EXPECT_THROW(Grammar::from_regex("((a{0,1000}){0,1000}){0,1000}b", vocabulary), ModelError);
  EXPECT_TRUE(matches("(a|aa|aaa)*b", std::string(2000, 'a') + "b"));
}

}  // namespace
}  // namespace quern::models
