#include "models/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "models/error.h"
#include "models/tokenizer/byte_alphabet.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::bpe_file;
using tests::Ids;
using tests::json;
using tests::letters_file;
using tests::make;

/// The 256 byte characters, in the order of the bytes, and two merges behind them.
json byte_level_file() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    append_byte_characters(std::string(1, static_cast<char>(byte)), token);
    tokens.push_back(token);
  }
  tokens.push_back("he");   // 256
  tokens.push_back("Ġhe");  // 257
  json file = bpe_file(tokens, {"h e", "Ġ he"});
  file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  file["decoder"] = {{"type", "ByteLevel"}};
  return file;
}

/// SentencePiece's way: marked spaces, tokens for the bytes of unknown characters.
json byte_fallback_file() {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  char name[8];
  for (int byte = 0; byte < 256; ++byte) {
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    tokens.emplace_back(name);  // 3 + byte
  }
  for (const char* token : {"▁", "a", "b", "▁a", "ab"}) tokens.emplace_back(token);  // 259 to 263
  json file = bpe_file(tokens, {"▁ a", "a b"});
  file["model"]["byte_fallback"] = true;
  file["model"]["fuse_unk"] = true;
  file["model"]["unk_token"] = "<unk>";
  file["normalizer"] = json::parse(R"({"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "▁"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})");
  file["decoder"] = json::parse(R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
      {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})");
  file["post_processor"] = json::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A"}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}})");
  file["added_tokens"] = json::parse(R"([{"id": 1, "content": "<s>", "special": true}])");
  return file;
}

TEST(Tokenizer, ByteLevelSpellsWhatNoMergeCovers) {
  Tokenizer tokenizer = make(byte_level_file());
  EXPECT_EQ(tokenizer.vocab_size(), 258);
  EXPECT_EQ(tokenizer.encode("he he!"), (Ids{256, 257, '!'}));
  EXPECT_EQ(tokenizer.encode("é"), (Ids{0xC3, 0xA9}));
  EXPECT_EQ(tokenizer.encode(std::string_view("\0\n", 2)), (Ids{0, '\n'}));
  EXPECT_EQ(tokenizer.encode(""), Ids{});
  EXPECT_EQ(tokenizer.decode(Ids{256, 257, '!', 0xC3, 0xA9}), "he he!é");
  EXPECT_EQ(tokenizer.decode(Ids{0xC3, 'a', 0xE2, 0x82}), "\uFFFDa\uFFFD");
}

TEST(Tokenizer, ByteFallbackAndMarkedSpaces) {
  Tokenizer tokenizer = make(byte_fallback_file());
  EXPECT_EQ(tokenizer.encode("a b", false), (Ids{262, 259, 261}));
  EXPECT_EQ(tokenizer.encode("ba"), (Ids{1, 259, 261, 260}));
  EXPECT_EQ(tokenizer.encode("aé", false), (Ids{262, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(tokenizer.encode("", true), Ids{1});
  EXPECT_EQ(tokenizer.decode(Ids{1, 262, 3 + 0xC3, 3 + 0xA9}), "aé");
  EXPECT_EQ(tokenizer.decode(Ids{1, 262}, false), "<s> a");
  // One invalid byte spoils its whole run, as in the `tokenizers` library.
  EXPECT_EQ(tokenizer.decode(Ids{260, 3 + 'x', 3 + 0xFF, 260}), "a\uFFFD\uFFFDa");
}

TEST(Tokenizer, MergesGoByRankAndThenFromTheLeft) {
  Tokenizer tokenizer = make(letters_file({"b c", "a b", "a a"}));  // 26, 27, 28
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{0, 26}));
  EXPECT_EQ(tokenizer.encode("abab"), (Ids{27, 27}));
  EXPECT_EQ(tokenizer.encode("aaa"), (Ids{28, 0}));
}

TEST(Tokenizer, IgnoreMergesTakesAWholeToken) {
  json file = letters_file({"b c", "a b"});
  file["model"]["vocab"]["abc"] = 40;
  EXPECT_EQ(make(file).encode("abc"), (Ids{0, 26}));
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(make(file).encode("abc"), Ids{40});
  EXPECT_EQ(make(file).vocab_size(), 41);
}

TEST(Tokenizer, UnknownCharactersAreDroppedMarkedOrFused) {
  json file = letters_file();
  EXPECT_EQ(make(file).encode("a12b"), (Ids{0, 1}));
  file["model"]["vocab"]["?"] = 26;
  file["model"]["unk_token"] = "?";
  EXPECT_EQ(make(file).encode("a12b"), (Ids{0, 26, 26, 1}));
  file["model"]["fuse_unk"] = true;
  EXPECT_EQ(make(file).encode("a12b"), (Ids{0, 26, 1}));
}

TEST(Tokenizer, AffixesOfSubwords) {
  json file = bpe_file({"a", "##b", "b</w>", "ab", "##b</w>", "abb</w>"}, {"a ##b", "ab ##b</w>"});
  file["model"]["continuing_subword_prefix"] = "##";
  file["model"]["end_of_word_suffix"] = "</w>";
  file["decoder"] = {{"type", "BPEDecoder"}, {"suffix", "</w>"}};
  Tokenizer tokenizer = make(file);
  EXPECT_EQ(tokenizer.encode("abb"), Ids{5});
  EXPECT_EQ(tokenizer.decode(Ids{5, 5}), "abb abb");
}

TEST(Tokenizer, MergesMayBePairs) {
  json file = letters_file({"a b"});
  file["model"]["merges"] = json::array({json::array({"a", "b"})});
  EXPECT_EQ(make(file).encode("ab"), Ids{26});
}

TEST(Tokenizer, WordPieceTakesTheLongestFirst) {
  json file = bpe_file({"?", "un", "u", "##a", "##able", "##n"});
  file["model"] = {{"type", "WordPiece"},
                   {"vocab", file["model"]["vocab"]},
                   {"unk_token", "?"},
                   {"continuing_subword_prefix", "##"},
                   {"max_input_chars_per_word", 8}};
  file["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  Tokenizer tokenizer = make(file);
  EXPECT_EQ(tokenizer.encode("unable ua unx u"), (Ids{1, 4, 2, 3, 0, 2}));
  EXPECT_EQ(tokenizer.encode("unnnnnnn unnnnnnnn"), (Ids{1, 5, 5, 5, 5, 5, 5, 0}));
}

TEST(Tokenizer, InvalidUtf8CountsAsReplacementCharacters) {
  Tokenizer tokenizer = make(byte_level_file());
  EXPECT_EQ(tokenizer.encode("h\xFFh"), tokenizer.encode("h\uFFFDh"));
  EXPECT_EQ(tokenizer.encode("\xE2\x82"), tokenizer.encode("\uFFFD"));
}

TEST(Tokenizer, RareSettingsOfTheFileAreAccepted) {
  json file = letters_file({"a b"});
  for (const char* name : {"normalizer", "pre_tokenizer", "post_processor", "decoder", "padding"}) {
    file[name] = nullptr;
  }
  file["model"]["dropout"] = 0.5;
  file["model"].erase("type");
  Tokenizer tokenizer = make(file);
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{26, 2}));
  EXPECT_EQ(tokenizer.decode(Ids{26, 2}), "ab c");  // no decoder: joined by spaces
}

TEST(Tokenizer, TokensAndIds) {
  json file = letters_file();
  file["added_tokens"] = json::parse(R"([{"id": 30, "content": "<x>", "special": true}])");
  Tokenizer tokenizer = make(file);
  EXPECT_EQ(tokenizer.vocab_size(), 31);
  EXPECT_EQ(tokenizer.token_to_id("b"), 1);
  EXPECT_EQ(tokenizer.token_to_id("<x>"), 30);
  EXPECT_EQ(tokenizer.token_to_id("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer.id_to_token(30), "<x>");
  EXPECT_EQ(tokenizer.id_to_token(28), "");
  EXPECT_EQ(tokenizer.id_to_token(-1), "");
  EXPECT_TRUE(tokenizer.is_special(30));
  EXPECT_FALSE(tokenizer.is_special(1));
  EXPECT_EQ(tokenizer.decode(Ids{0, -5, 28, 1000000, 1}), "a b");
}

TEST(Tokenizer, PostProcessors) {
  auto with = [](const char* post_processor) {
    json file = letters_file();
    file["post_processor"] = json::parse(post_processor);
    return make(file).encode("a");
  };
  EXPECT_EQ(with(R"({"type": "BertProcessing", "cls": ["c", 2], "sep": ["d", 3]})"),
            (Ids{2, 0, 3}));
  EXPECT_EQ(with(R"({"type": "RobertaProcessing", "cls": ["c", 2], "sep": ["d", 3]})"),
            (Ids{2, 0, 3}));
  EXPECT_EQ(with(R"({"type": "Sequence", "processors": [{"type": "ByteLevel"},
      {"type": "BertProcessing", "cls": ["c", 2], "sep": ["d", 3]},
      {"type": "BertProcessing", "cls": ["e", 4], "sep": ["f", 5]}]})"),
            (Ids{4, 2, 0, 3, 5}));
}

TEST(Tokenizer, AnyThreadMayEncode) {
  Tokenizer tokenizer = make(byte_level_file());
  std::string text;
  for (int i = 0; i < 20000; ++i) text += " he" + std::to_string(i * 7919);
  Ids expected = make(byte_level_file()).encode(text);
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  for (Ids& result : results) threads.emplace_back([&] { result = tokenizer.encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) EXPECT_EQ(result, expected);
}

class TokenizerFolder : public testing::Test {
 protected:
  TokenizerFolder() {
    std::filesystem::create_directories(folder_);
    write("tokenizer.json", letters_file().dump());
  }
  ~TokenizerFolder() override { std::filesystem::remove_all(folder_); }

  void write(const char* name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("tokenizer_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(TokenizerFolder, NothingBesideTheTokenizer) {
  Tokenizer tokenizer = Tokenizer::load(folder_);
  EXPECT_EQ(tokenizer.bos_token(), "");
  EXPECT_EQ(tokenizer.bos_token_id(), std::nullopt);
  EXPECT_EQ(tokenizer.chat_template(), "");
}

TEST_F(TokenizerFolder, ConfigNamesTokens) {
  write("tokenizer_config.json", R"({"bos_token": "a", "eos_token": {"content": "b"},
                                     "unk_token": null, "chat_template": "T"})");
  write("special_tokens_map.json", R"({"bos_token": "x", "unk_token": "c", "pad_token": "none"})");
  Tokenizer tokenizer = Tokenizer::load(folder_);
  EXPECT_EQ(tokenizer.bos_token_id(), 0);
  EXPECT_EQ(tokenizer.eos_token(), "b");
  EXPECT_EQ(tokenizer.eos_token_id(), 1);
  EXPECT_EQ(tokenizer.unk_token(), "c");
  EXPECT_EQ(tokenizer.pad_token(), "none");
  EXPECT_EQ(tokenizer.chat_template(), "T");
}

TEST_F(TokenizerFolder, ChatTemplateOfItsOwnFileGoesFirst) {
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "1"},
                                                        {"name": "default", "template": "2"}]})");
  EXPECT_EQ(Tokenizer::load(folder_).chat_template(), "2");
  write("chat_template.json", R"({"chat_template": "3"})");
  EXPECT_EQ(Tokenizer::load(folder_).chat_template(), "3");
  write("chat_template.jinja", "4");
  EXPECT_EQ(Tokenizer::load(folder_).chat_template(), "4");
}

TEST_F(TokenizerFolder, ErrorsNameTheFile) {
  write("tokenizer_config.json", R"({"bos_token": 3})");
  try {
    Tokenizer::load(folder_);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_EQ(std::string(error.what()),
              "[tokenizer] " + (folder_ / "tokenizer_config.json").string() +
                  ": the file: \"bos_token\" is a number where a string belongs");
    EXPECT_NE(error.advice(), "");
  }
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_THROW(Tokenizer::load(folder_), ModelError);
  std::filesystem::create_directory(folder_ / "tokenizer.json");
  EXPECT_THROW(Tokenizer::load(folder_), ModelError);
}

}  // namespace
}  // namespace quern::models
