#include <gtest/gtest.h>

#include <random>

#include "models/error.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "tests/models/tokenizer/protobuf_writer.h"
#include "tests/models/tokenizer/tiny.h"
#include "tests/models/tokenizer/tiny_character_map.h"

namespace quern::models {
namespace {

using tests::json;

constexpr int rounds = 2000;

/// A few random changes: bytes, cuts, repetitions and numbers.
std::string mutated(std::string text, std::mt19937& random) {
  for (size_t n = 1 + random() % 3; n > 0 && !text.empty(); --n) {
    size_t place = random() % text.size();
    size_t length = std::min<size_t>(1 + random() % 12, text.size() - place);
    switch (random() % 6) {
      case 0:
        text[place] = static_cast<char>(random());
        break;
      case 1:
        text[place] = "\"{}[]:,0-9e.\\\xFF"[random() % 14];
        break;
      case 2:
        text.erase(place, length);
        break;
      case 3:
        text.insert(place, text.substr(random() % text.size(), length));
        break;
      case 4:
        text.replace(place, 1, std::to_string(random()));
        break;
      default:
        text.resize(place);
    }
  }
  return text;
}

/// Every mutation of `text` either loads and works or gives an error with advice.
template <class Load>
void expect_errors_only(const std::string& text, Load load) {
  std::mt19937 random(11);
  ASSERT_NO_THROW(load(text));
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    try {
      Tokenizer tokenizer = load(mutated(text, random));
      std::vector<int32_t> ids = tokenizer.encode("  aabc ab\n <x> é 12\u4F60\u3000e\u0301 'll b");
      tokenizer.decode(ids);
      for (int32_t id : ids) tokenizer.id_to_token(id);
      if (tokenizer.vocab_size() > 1000) continue;  // millions of fillers take time to write
      try {
        tokenizer_of_gguf(gguf_vocabulary_of(tokenizer), "file").encode("ab <x>");
      } catch (const ModelError&) {
      }
    } catch (const ModelError& error) {
      EXPECT_NE(error.advice(), "");
      ++refused;
    } catch (const FormatError& error) {
      EXPECT_NE(error.advice(), "");
      ++refused;
    }
  }
  EXPECT_GT(refused, rounds / 10);
  EXPECT_LT(refused, rounds);
}

Tokenizer around(TokenizerParts parts) {
  return Tokenizer(std::make_shared<TokenizerParts>(std::move(parts)));
}

json byte_level_file() {
  json file = tests::letters_file({"a b", "ab c"});
  file["model"]["byte_fallback"] = true;
  file["normalizer"] = json::parse(R"({"type": "Sequence", "normalizers": [{"type": "NFC"},
      {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Nmt"}]})");
  file["pre_tokenizer"] = json::parse(R"json({"type": "Sequence", "pretokenizers": [
      {"type": "Digits", "individual_digits": true}, {"type": "FixedLength", "length": 7},
      {"type": "Split", "pattern": {"Regex": "'s|[^\\s\\p{L}]?\\p{L}+|\\s+(?!\\S)"},
       "behavior": "Isolated"}, {"type": "ByteLevel", "add_prefix_space": false}]})json");
  file["decoder"] = json::parse(R"({"type": "Sequence", "decoders": [{"type": "ByteFallback"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}, {"type": "Fuse"}]})");
  file["added_tokens"] = json::parse(R"([{"id": 30, "content": "<x>", "special": true},
      {"id": 31, "content": "12", "lstrip": true, "rstrip": true, "single_word": true}])");
  file["post_processor"] = json::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<x>", "type_id": 0}}, {"Sequence": {"id": "A"}}],
      "special_tokens": {"<x>": {"id": "<x>", "ids": [30], "tokens": ["<x>"]}}})");
  return file;
}

TEST(TokenizerMutation, BytePairJson) {
  expect_errors_only(byte_level_file().dump(),
                     [](const std::string& text) { return Tokenizer::from_json(text); });
}

TEST(TokenizerMutation, UnigramJson) {
  json file = json::parse(R"({"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
      "vocab": [["<unk>", 0.0], ["▁", -2.5], ["a", -3], ["b", -1e1], ["ab", -1.25], ["▁a", -4]]},
      "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
      "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}})");
  file["normalizer"] = {
      {"type", "Precompiled"},
      {"precompiled_charsmap", tests::base64(std::string("\x08\0\0\0\0\x04\0\0\0\0\0\0x\0", 14))}};
  expect_errors_only(file.dump(),
                     [](const std::string& text) { return Tokenizer::from_json(text); });
}

TEST(TokenizerMutation, Configuration) {
  std::string config = R"({"bos_token": "<x>", "eos_token": {"content": "b", "special": true},
      "unk_token": null, "add_bos_token": true, "legacy": false, "tokenizer_class": "LlamaTokenizer",
      "added_tokens_decoder": {"30": {"content": "<x>", "special": true},
                               "35": {"content": "<y>", "normalized": true, "lstrip": false}},
      "chat_template": [{"name": "default", "template": "{{ x }}"}]})";
  std::string file = byte_level_file().dump();
  expect_errors_only(config,
                     [&](const std::string& text) { return Tokenizer::from_json(file, text); });
}

TEST(TokenizerMutation, SentencePieceModel) {
  for (int type : {1, 2}) {
    tests::TestModel model;
    model.type = type;
    model.byte_fallback = true;
    model.pieces = {{"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3},    {"\u2581", -9},
                    {"a", -9},       {"b", -9},     {"ab", -1},        {"<0xC3>", 0, 6},
                    {"<x>", 0, 4},   {"1", -3},     {"\u2581a", -2.5}, {"unused", 0, 5}};
    model.character_map = std::string("\x08\0\0\0\0\x04\0\0\0\0\0\0x\0", 14);
    expect_errors_only(model.bytes(), [](const std::string& text) {
      return around(read_sentencepiece(text, {}));
    });
  }
}

TEST(TokenizerMutation, TiktokenFile) {
  std::string text;
  int rank = 0;
  for (const char* token : {"a", "b", " ", "c", "ab", "abc", "\xC3", "\xA9", " a", "1", "\n"}) {
    text += tests::base64(token) + " " + std::to_string(rank++) + "\n";
  }
  expect_errors_only(
      text, [](const std::string& bytes) { return around(read_tiktoken(bytes, "x", {})); });
}

TEST(TokenizerMutation, VocabularyFiles) {
  std::string vocabulary = R"({"a": 0, "b": 1, "ab": 2, "c": 3})";
  std::string merges = "#version: 0.2\na b\n";
  expect_errors_only(vocabulary, [&](const std::string& text) {
    return around(read_vocabulary_and_merges(text, merges, {}));
  });
  expect_errors_only(merges, [&](const std::string& text) {
    return around(read_vocabulary_and_merges(vocabulary, text, {}));
  });
  expect_errors_only("[UNK]\n[CLS]\na\n##b\nab\n\u4F60\n",
                     [](const std::string& text) { return around(read_word_list(text, {})); });
}

}  // namespace
}  // namespace quern::models
