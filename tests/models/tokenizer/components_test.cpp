#include <gtest/gtest.h>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/normalizer.h"
#include "models/tokenizer/pre_tokenizer.h"
#include "models/tokenizer/regex.h"
#include "models/tokenizer/utf8.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::json;

std::string normalized(const char* component, std::string text) {
  make_normalizer(json::parse(component))->normalize(text);
  return text;
}

/// The pieces with bars between them.
std::string pieces(const char* component, std::string_view text, bool at_start = true) {
  PreTokenized pre_tokenized;
  pre_tokenized.pieces.push_back({text, at_start});
  make_pre_tokenizer(json::parse(component))->apply(pre_tokenized);
  std::string joined;
  for (const auto& piece : pre_tokenized.pieces) {
    if (!joined.empty()) joined += "|";
    joined += piece.text;
  }
  return joined;
}

TEST(TokenizerNormalizers, UnicodeForms) {
  EXPECT_EQ(normalized(R"({"type": "NFC"})", "xe\u0301ze\u0301"), "x\u00E9z\u00E9");
  EXPECT_EQ(normalized(R"({"type": "NFD"})", "\u00E9a"), "e\u0301a");
  EXPECT_EQ(normalized(R"({"type": "NFKC"})", "\uFB01n\u00BD"), "fin1\u20442");
  EXPECT_EQ(normalized(R"({"type": "NFKD"})", "\uFF21\u00E9"), "Ae\u0301");
  EXPECT_EQ(normalized(R"({"type": "NFC"})", std::string("\0a\0", 3)), std::string("\0a\0", 3));
}

TEST(TokenizerNormalizers, Others) {
  EXPECT_EQ(normalized(R"({"type": "Lowercase"})", "ÀΣİ"), "àσi\u0307");
  EXPECT_EQ(normalized(R"({"type": "StripAccents"})", "e\u0301x"), "ex");
  EXPECT_EQ(normalized(R"({"type": "Prepend", "prepend": "_"})", "a"), "_a");
  EXPECT_EQ(normalized(R"({"type": "Prepend", "prepend": "_"})", ""), "");
  EXPECT_EQ(normalized(R"({"type": "Strip"})", " \u3000a b\t"), "a b");
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_left": false})", " a "), " a");
  EXPECT_EQ(normalized(R"({"type": "Strip"})", "  "), "");
  EXPECT_EQ(normalized(R"({"type": "ByteLevel"})", " é"), "ĠÃ©");
  EXPECT_EQ(normalized(R"({"type": "Nmt"})", "a\u200Bb\x01"), "a b");
  EXPECT_EQ(
      normalized(R"({"type": "Replace", "pattern": {"String": "aa"}, "content": "$0"})", "aaab"),
      "$0ab");
  EXPECT_EQ(normalized(R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "_"})",
                       "a   b c"),
            "a_b c");
  EXPECT_EQ(normalized(R"({"type": "BertNormalizer"})", "a\uE000b\u200B\uFFFE"), "ab\uFFFE");
  EXPECT_EQ(normalized(R"({"type": "BertNormalizer"})", "Hé\t中"), "he  中 ");
}

TEST(TokenizerPreTokenizers, SplitBehaviours) {
  auto split = [](const char* behavior, bool invert, const char* text) {
    json component = {{"type", "Split"},
                      {"pattern", {{"String", "-"}}},
                      {"behavior", behavior},
                      {"invert", invert}};
    return pieces(component.dump().c_str(), text);
  };
  EXPECT_EQ(split("Removed", false, "the-final--countdown-"), "the|final|countdown");
  EXPECT_EQ(split("Isolated", false, "the-final--countdown"), "the|-|final|-|-|countdown");
  EXPECT_EQ(split("MergedWithPrevious", false, "the-final--countdown"), "the-|final-|-|countdown");
  EXPECT_EQ(split("MergedWithNext", false, "the-final--countdown"), "the|-final|-|-countdown");
  EXPECT_EQ(split("Contiguous", false, "the-final--countdown"), "the|-|final|--|countdown");
  EXPECT_EQ(split("Removed", true, "the-final--countdown"), "-|-|-");
  EXPECT_EQ(split("MergedWithPrevious", true, "-a-b"), "-a|-b");
}

TEST(TokenizerPreTokenizers, Words) {
  EXPECT_EQ(pieces(R"({"type": "Whitespace"})", " hé_1 there!? x"), "hé_1|there|!?|x");
  EXPECT_EQ(pieces(R"({"type": "WhitespaceSplit"})", " a,b \u3000c "), "a,b|c");
  EXPECT_EQ(pieces(R"({"type": "Punctuation"})", "a,b¿"), "a|,|b|¿");
  EXPECT_EQ(pieces(R"({"type": "BertPreTokenizer"})", "a, b$"), "a|,|b|$");
  EXPECT_EQ(pieces(R"({"type": "Digits", "individual_digits": true})", "a12½"), "a|1|2|½");
  EXPECT_EQ(pieces(R"({"type": "Digits"})", "a12½b"), "a|12½|b");
}

TEST(TokenizerPreTokenizers, Lengths) {
  // The examples of the `tokenizers` library's own tests.
  EXPECT_EQ(pieces(R"({"type": "FixedLength"})", "Hello world"), "Hello| worl|d");
  EXPECT_EQ(pieces(R"({"type": "FixedLength", "length": 3})", "abécdé"), "abé|cdé");
  EXPECT_THROW(pieces(R"({"type": "FixedLength", "length": 0})", "a"), FormatError);
  EXPECT_EQ(pieces(R"({"type": "CharDelimiterSplit", "delimiter": "é"})", "aébéécé"), "a|b|c");
}

TEST(TokenizerPreTokenizers, UnicodeScripts) {
  // The examples of the `tokenizers` library's own tests.
  EXPECT_EQ(pieces(R"({"type": "UnicodeScripts"})", "どこで生れ。Yes"), "どこで生れ|。|Yes");
  EXPECT_EQ(pieces(R"({"type": "UnicodeScripts"})", "Apples are りんご 林檎"),
            "Apples are |りんご 林檎");
  EXPECT_EQ(pieces(R"({"type": "UnicodeScripts"})", "  ラーメン ab, γ"), "ラーメン |ab|, |γ");
}

TEST(TokenizerPreTokenizers, ByteLevel) {
  EXPECT_EQ(pieces(R"({"type": "ByteLevel"})", "I'll go  12!"), "ĠI|'ll|Ġgo|Ġ|Ġ12|!");
  EXPECT_EQ(pieces(R"({"type": "ByteLevel", "add_prefix_space": false})", "a\n\n b "), "a|ĊĊ|Ġb|Ġ");
  EXPECT_EQ(
      pieces(R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": false})", " a b"),
      "ĠaĠb");
}

TEST(TokenizerPreTokenizers, Metaspace) {
  EXPECT_EQ(pieces(R"({"type": "Metaspace", "replacement": "▁"})", "a  b"), "▁a|▁|▁b");
  EXPECT_EQ(pieces(R"({"type": "Metaspace", "add_prefix_space": false})", "a b"), "a|▁b");
  EXPECT_EQ(pieces(R"({"type": "Metaspace", "prepend_scheme": "never"})", "a"), "a");
  EXPECT_EQ(pieces(R"({"type": "Metaspace", "prepend_scheme": "first"})", "a"), "▁a");
  EXPECT_EQ(pieces(R"({"type": "Metaspace", "prepend_scheme": "first"})", "a", false), "a");
  EXPECT_EQ(pieces(R"({"type": "Metaspace", "split": false})", " a b"), "▁a▁b");
}

/// The matches in brackets.
std::string matches(const char* pattern, std::string_view text) {
  std::vector<Span> spans;
  Regex(pattern).find_all(text, spans);
  std::string marked;
  for (const Span& span : spans) {
    std::string_view part = text.substr(span.begin, span.end - span.begin);
    if (span.is_match) marked += '[';
    marked += part;
    if (span.is_match) marked += ']';
  }
  return marked;
}

TEST(TokenizerRegex, OnigurumasMeanings) {
  EXPECT_EQ(matches("\\s", "a\u180Eb\u2003c"), "a\u180Eb[\u2003]c");  // U+180E is no white space
  EXPECT_EQ(matches("\\w+", "e\u0301\u203F, x"), "[e\u0301\u203F], [x]");
  EXPECT_EQ(matches("[\\W]", "a\u0301!"), "a\u0301[!]");
  EXPECT_EQ(matches("\\h+", "xf0 "), "x[f0] ");
  EXPECT_EQ(matches("\\v", "\n\x0B"), "\n[\x0B]");
  EXPECT_EQ(matches("a$", "a\nba"), "[a]\nb[a]");
  EXPECT_EQ(matches("^b", "a\nb"), "a\n[b]");
  EXPECT_EQ(matches("\\u00e9", "é"), "[é]");
  EXPECT_EQ(matches("a{2}+", "aaaaa"), "[aaaa]a");
  EXPECT_EQ(matches("(?:ab){2}+", "abababab"), "[abababab]");
  EXPECT_EQ(matches("a{,2}b", "aaab"), "a[aab]");
  EXPECT_EQ(matches("a{b", "a{b"), "[a{b]");
  EXPECT_EQ(matches("(?m:a.b)", "a\nb"), "[a\nb]");
  EXPECT_EQ(matches("a.b", "a\nb"), "a\nb");
}

TEST(TokenizerRegex, ClassesNestAndIntersect) {
  EXPECT_EQ(matches("[\\p{L}&&[^\\p{Han}]]+", "ab中c"), "[ab]中[c]");
  EXPECT_EQ(matches("[a-c[x-z]]+", "axm"), "[ax]m");
  EXPECT_EQ(matches("[^a[x]]+", "axmn"), "ax[mn]");
  EXPECT_EQ(matches("[]a]+", "]ab"), "[]a]b");
  EXPECT_EQ(matches("[[:digit:]\\]]+", "a1]"), "a[1]]");
  EXPECT_EQ(matches("\\p{Han}", "、"), "、");  // by Script_Extensions alone
}

TEST(TokenizerRegex, EmptyMatches) {
  EXPECT_EQ(matches("x*", "axé"), "[]a[x]é[]");
  EXPECT_EQ(matches("(?=b)", "abb"), "a[]b[]b");
}

TEST(TokenizerRegex, LongTextNeedsNoStack) {
  std::string text(300000, 'a');
  EXPECT_EQ(matches("(?:a|b)+", text), "[" + text + "]");
}

TEST(TokenizerUtf8, MaximalSubparts) {
  // The Unicode standard's own example (version 15, table 3-8).
  EXPECT_EQ(replace_invalid_utf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_TRUE(is_valid_utf8("abcdefgh\U0010FFFF"));
  EXPECT_FALSE(is_valid_utf8("abcdefgh\xF4\x90\x80\x80"));
}

}  // namespace
}  // namespace quern::models
