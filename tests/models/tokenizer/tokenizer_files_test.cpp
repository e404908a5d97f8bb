#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "models/error.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/tokenizer.h"
#include "tests/fixtures.h"
#include "tests/models/tokenizer/protobuf_writer.h"
#include "tests/models/tokenizer/tiny.h"
#include "tests/models/tokenizer/tiny_character_map.h"
#include "tests/temporary_folder.h"

namespace quern::models {
namespace {

using tests::Ids;
using tests::json;

class TokenizerFiles : public testing::Test {
 protected:
  void write(const char* name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  Tokenizer load() const { return Tokenizer::load(folder_.path()); }

  std::string error() const {
    try {
      load();
    } catch (const ModelError& e) {
      return e.what();
    }
    return "no error";
  }

  quern::tests::TemporaryFolder folder_;
};

std::string tiktoken_lines(const std::vector<std::string>& tokens) {
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    text += tests::base64(tokens[i]) + " " + std::to_string(i) + "\n";
  }
  return text;
}

TEST_F(TokenizerFiles, TheFirstFormatCounts) {
  EXPECT_FALSE(Tokenizer::is_in(folder_.path()));
  EXPECT_THAT(error(), testing::HasSubstr("holds no tokenizer"));
  write("vocab.txt", "[UNK]\nx\n");
  EXPECT_EQ(load().encode("x"), (Ids{1}));
  write("vocab.json", R"({"z": 5, "x": 7})");
  EXPECT_EQ(load().encode("x"), (Ids{1}));  // nothing without its merges
  write("merges.txt", "#version: 0.2\n");
  EXPECT_EQ(load().encode("x"), (Ids{7}));
  write("tiktoken.model", tiktoken_lines({"y", "w", "x"}));
  EXPECT_EQ(load().encode("x"), (Ids{3, 2}));  // behind Llama 3's first token
  write("some.tiktoken", tiktoken_lines({"y", "x"}));
  EXPECT_EQ(load().encode("x"), (Ids{2, 1}));
  tests::TestModel model;
  model.pieces = {{"<unk>", 0, 2}, {"x"}};
  model.add_dummy_prefix = false;
  write("tokenizer.model", model.bytes());
  EXPECT_EQ(load().encode("x", false), (Ids{1}));
  write("tokenizer.model", tiktoken_lines({"x"}));
  EXPECT_EQ(load().encode("x"), (Ids{1, 0}));
  write("tokenizer.json", tests::letters_file().dump());
  EXPECT_EQ(load().encode("x"), (Ids{23}));
  EXPECT_TRUE(Tokenizer::is_in(folder_.path()));
}

TEST_F(TokenizerFiles, TiktokenMergesWhateverIsAToken) {
  write("qwen.tiktoken", tiktoken_lines({"a", "b", "c", "bc", "ab", "abc", "\xC3", "\xA9", "1"}));
  Tokenizer tokenizer = load();
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{5}));  // a whole piece
  EXPECT_EQ(tokenizer.encode("abcb"), (Ids{5, 1}));
  EXPECT_EQ(tokenizer.encode("abab"), (Ids{4, 4}));
  EXPECT_EQ(tokenizer.encode("e\u0301a"), (Ids{6, 7, 0}));  // brought into form C
  EXPECT_EQ(tokenizer.decode(Ids{6, 7}), "é");
  EXPECT_EQ(tokenizer.token_to_id("<|endoftext|>"), 9);
  EXPECT_EQ(tokenizer.token_to_id("<|im_start|>"), 10);
  EXPECT_EQ(tokenizer.token_to_id("<|extra_204|>"), 9 + 3 + 204);
  EXPECT_EQ(tokenizer.encode("a<|im_end|>"), (Ids{0, 11}));
  EXPECT_EQ(tokenizer.decode(Ids{0, 11}), "a");
}

TEST_F(TokenizerFiles, TiktokenWithNamedSpecialTokens) {
  write("tiktoken.model", tiktoken_lines({"a", "\u4F60", "\u597D", "\u4F60\u597D"}));
  write("tokenizer_config.json", R"({"tokenizer_class": "TikTokenTokenizer", "bos_token": "[BOS]",
      "add_bos_token": true, "added_tokens_decoder":
      {"9": {"content": "[BOS]", "special": true}, "12": {"content": "<tool>"}}})");
  Tokenizer tokenizer = load();
  EXPECT_EQ(tokenizer.encode("a\u4F60\u597D<tool>"), (Ids{9, 0, 3, 12}));
  EXPECT_EQ(tokenizer.decode(Ids{9, 0, 12}), "a<tool>");
  EXPECT_EQ(tokenizer.vocab_size(), 13);
  EXPECT_EQ(tokenizer.bos_token_id(), 9);
}

TEST_F(TokenizerFiles, AddedTokensOfTheConfiguration) {
  json file = tests::letters_file();
  file["added_tokens"] = json::parse(R"([{"id": 30, "content": "<x>", "special": true}])");
  write("tokenizer.json", file.dump());
  write("tokenizer_config.json", R"({"added_tokens_decoder": {
      "30": {"content": "<x>", "special": false},
      "31": {"content": "<y>", "special": true},
      "3": {"content": "<z>"},
      "40": {"content": "b"}}})");
  Tokenizer tokenizer = load();
  EXPECT_TRUE(tokenizer.is_special(30));
  EXPECT_EQ(tokenizer.encode("<x><y>ad"), (Ids{30, 31, 0, 3}));
  EXPECT_EQ(tokenizer.token_to_id("<z>"), 32);  // the next free one: 3 is taken
  EXPECT_EQ(tokenizer.token_to_id("b"), 1);
}

TEST_F(TokenizerFiles, ErrorsNameThem) {
  write("vocab.txt", "a\nb\n");
  EXPECT_THAT(error(), testing::HasSubstr("vocab.txt: the vocabulary lacks the unknown token"));
  write("vocab.json", R"({"a": 0, "b": 1})");
  write("merges.txt", "#version: 0.2\na b\n");
  EXPECT_THAT(error(), testing::HasSubstr("merges.txt beside it, line 2: merge 0 needs the token"));
  write("vocab.json", R"({"a": 0, "b")");
  EXPECT_THAT(error(), testing::HasSubstr("vocab.json: the JSON text ends at byte 12"));
  write("a.tiktoken", "YQ== 0\nYg=\n");
  EXPECT_THAT(error(), testing::HasSubstr("a.tiktoken: line 2 is not a token"));
  write("a.tiktoken", "YQ== 0\nYQ== 1\n");
  EXPECT_THAT(error(), testing::HasSubstr("the token \"a\" appears twice"));
  write("a.tiktoken", "YQ== 99999999999999\n");
  EXPECT_THAT(error(), testing::HasSubstr("has the id 99999999999999"));
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "b"}}})");
  EXPECT_THAT(error(),
              testing::HasSubstr("tokenizer_config.json: the file: \"added_tokens_decoder"));
}

/// The fixtures' vocabularies in other formats: the same text must give the same ids.
class TokenizerFilesFixtures : public TokenizerFiles {
 protected:
  static json read(const char* name, const char* file) {
    std::ifstream stream(quern::tests::fixtures_folder() / "tokenizers" / name / file);
    return json::parse(stream);
  }

  /// Texts without special tokens.
  void expect_golden(const char* name) const {
    Tokenizer tokenizer = load();
    size_t cases = 0;
    for (const json& one : read(name, "golden.json")) {
      auto text = one.at("text").get<std::string>();
      if (text.find_first_of("<[") != text.npos) continue;
      EXPECT_EQ(tokenizer.encode(text, false), one.at("ids").get<Ids>()) << json(text);
      ++cases;
    }
    EXPECT_GT(cases, 20u);
  }
};

TEST_F(TokenizerFilesFixtures, Gpt2AsTiktoken) {
  QUERN_NEEDS_FIXTURES("tokenizers/gpt2");
  std::vector<std::string> tokens(50256);
  json vocab = read("gpt2", "tokenizer.json")["model"]["vocab"];
  for (const auto& [token, id] : vocab.items()) {
    if (id < 50256) append_bytes(token, tokens[id.get<size_t>()]);
  }
  write("gpt2.tiktoken", tiktoken_lines(tokens));
  expect_golden("gpt2");
  EXPECT_EQ(load().token_to_id("<|endoftext|>"), 50256);
}

TEST_F(TokenizerFilesFixtures, Gpt2AsVocabularyAndMerges) {
  QUERN_NEEDS_FIXTURES("tokenizers/gpt2");
  json model = read("gpt2", "tokenizer.json")["model"];
  write("vocab.json", model["vocab"].dump());
  std::string merges = "#version: 0.2\n";
  for (const json& merge : model["merges"]) {
    merges += merge.is_array() ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                               : merge.get<std::string>();
    merges += "\n";
  }
  write("merges.txt", merges);
  write("tokenizer_config.json", read("gpt2", "tokenizer_config.json").dump());
  expect_golden("gpt2");
}

TEST_F(TokenizerFilesFixtures, BertAsWordList) {
  QUERN_NEEDS_FIXTURES("tokenizers/bert");
  std::vector<std::string> tokens(30522);
  json vocab = read("bert", "tokenizer.json")["model"]["vocab"];
  for (const auto& [token, id] : vocab.items()) {
    tokens[id.get<size_t>()] = token;
  }
  std::string text;
  for (const std::string& token : tokens) text += token + "\n";
  write("vocab.txt", text);
  write("tokenizer_config.json", read("bert", "tokenizer_config.json").dump());
  expect_golden("bert");
  EXPECT_EQ(load().encode("[CLS] a [SEP]"), (Ids{101, 101, 1037, 102, 102}));
}

}  // namespace
}  // namespace quern::models
