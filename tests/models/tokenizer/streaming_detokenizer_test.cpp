#include "models/tokenizer/streaming_detokenizer.h"

#include <gtest/gtest.h>

#include <random>

#include "models/tokenizer/utf8.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::Ids;
using tests::json;

/// One token for each byte, with the byte as its id.
Tokenizer byte_tokenizer(const char* form, const char* decoder) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    char name[16];
    std::snprintf(name, sizeof name, form, byte);
    tokens.emplace_back(name);
  }
  tokens.emplace_back("▁a");  // 256
  json file = tests::bpe_file(tokens);
  file["decoder"] = json::parse(decoder);
  return tests::make(file);
}

Tokenizer byte_fallback() {
  return byte_tokenizer("<0x%02X>", R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
      {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})");
}

std::vector<std::string> steps(const Tokenizer& tokenizer, const Ids& ids) {
  StreamingDetokenizer detokenizer(tokenizer);
  std::vector<std::string> texts;
  for (int32_t id : ids) texts.push_back(detokenizer.add(id));
  texts.push_back(detokenizer.finish());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(TokenizerStreaming, GivesOutWholeCharacters) {
  // U+1F642 in UTF-8 is F0 9F 99 82.
  EXPECT_EQ(steps(byte_fallback(), {0xF0, 0x9F, 0x99, 0x82, 256}),
            (Texts{"", "", "", "🙂", " a", ""}));
  EXPECT_EQ(steps(byte_fallback(), {0xF0, 0x9F, 256}), (Texts{"", "", "\uFFFD\uFFFD a", ""}));
  EXPECT_EQ(steps(byte_fallback(), {'x', 0xFF, 0xE2}), (Texts{"x", "\uFFFD", "\uFFFD", ""}));
  EXPECT_EQ(steps(byte_fallback(), {'x', 0xE2}), (Texts{"x", "", "\uFFFD"}));
}

TEST(TokenizerStreaming, StripsOnlyTheFirstSpace) {
  EXPECT_EQ(steps(byte_fallback(), {256, 256}), (Texts{"a", " a", ""}));
  StreamingDetokenizer detokenizer(byte_fallback());
  EXPECT_EQ(detokenizer.add(256), "a");
  EXPECT_EQ(detokenizer.add(0xF0), "");
  detokenizer.reset();
  EXPECT_EQ(detokenizer.add(256), "a");
}

TEST(TokenizerStreaming, HoldsBackWhatTheEndMayStrip) {
  json file = tests::bpe_file({"a", " "});
  file["decoder"] = json::parse(R"({"type": "Sequence", "decoders": [
      {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 0, "stop": 2}]})");
  Tokenizer tokenizer = tests::make(file);
  EXPECT_EQ(steps(tokenizer, {0, 1, 1, 1, 0, 1}), (Texts{"a", "", "", " ", "  a", "", ""}));
  EXPECT_EQ(tokenizer.decode(Ids{0, 1, 1, 1, 0, 1}), "a   a");
}

TEST(TokenizerStreaming, MetaspaceDropsTheMarksOfTheFirstToken) {
  json file = tests::bpe_file({"▁a", "▁"});
  file["decoder"] = json::parse(R"({"type": "Metaspace", "replacement": "▁"})");
  EXPECT_EQ(steps(tests::make(file), {0, 0, 1}), (Texts{"a", " a", " ", ""}));
  file["decoder"]["prepend_scheme"] = "never";
  EXPECT_EQ(steps(tests::make(file), {0, 0}), (Texts{" a", " a", ""}));
}

TEST(TokenizerStreaming, WordPieces) {
  json file = tests::bpe_file({"do", "##ing", "n't", "."});
  file["decoder"] = json::parse(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})");
  EXPECT_EQ(steps(tests::make(file), {0, 1, 0, 2, 3}), (Texts{"do", "ing", " do", "n't", ".", ""}));
}

TEST(TokenizerStreaming, ConnectionistTemporalClassification) {
  json file = tests::bpe_file({"<pad>", "h", "e", "l", "o", "|", "!"});
  file["decoder"] = json::parse(R"({"type": "CTC", "pad_token": "<pad>",
      "word_delimiter_token": "|", "cleanup": true})");
  // The example in the `tokenizers` library's tests, and a word delimiter.
  Tokenizer tokenizer = tests::make(file);
  EXPECT_EQ(tokenizer.decode(Ids{0, 0, 1, 2, 2, 3, 3, 0, 3, 4, 4, 4, 0}), "hello");
  EXPECT_EQ(tokenizer.decode(Ids{1, 5, 5, 1, 6}), "h h!");
}

TEST(TokenizerStreaming, EqualsDecodingForAnyBytes) {
  json file = tests::bpe_file({});
  json vocab = json::object();
  // The alphabet written down independently: printable Latin-1 first, the others from U+0100 on.
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    std::string token;
    append_utf8(static_cast<char32_t>(printable ? byte : next++), token);
    vocab[token] = byte;
  }
  file["model"]["vocab"] = vocab;
  file["decoder"] = {{"type", "ByteLevel"}};
  Tokenizer tokenizer = tests::make(file);
  std::mt19937 random(7);
  const std::string favourites = "a\x80\xBF\xC3\xE2\xED\xA0\xF0\x9F\x90\xF4\xFF";
  for (int round = 0; round < 3000; ++round) {
    Ids ids;
    std::string bytes;
    for (int n = 0; n < 12; ++n) {
      bytes += favourites[random() % favourites.size()];
      ids.push_back(static_cast<uint8_t>(bytes.back()));
    }
    std::string joined;
    for (const std::string& text : steps(tokenizer, ids)) {
      EXPECT_TRUE(is_valid_utf8(text));
      joined += text;
    }
    EXPECT_EQ(joined, tokenizer.decode(ids));
    EXPECT_EQ(joined, replace_invalid_utf8(bytes));
  }
}

}  // namespace
}  // namespace quern::models
