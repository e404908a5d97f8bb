#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "models/error.h"
#include "models/tokenizer/tokenizer.h"
#include "tests/fixtures.h"
#include "tests/models/tokenizer/gguf_metadata.h"
#include "tests/models/tokenizer/protobuf_writer.h"
#include "tests/models/tokenizer/tiny_character_map.h"
#include "tests/temporary_folder.h"

namespace quern::models {
namespace {

using Ids = std::vector<int32_t>;
using nlohmann::json;
using tests::TestModel;

Tokenizer load(const std::string& model, const std::string& config = "") {
  quern::tests::TemporaryFolder folder;
  std::ofstream(folder.path() / "tokenizer.model", std::ios::binary) << model;
  if (!config.empty()) std::ofstream(folder.path() / "tokenizer_config.json") << config;
  return Tokenizer::load(folder.path());
}

TestModel letters() {
  TestModel model;
  model.pieces = {{"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3}, {"\u2581", -9},  {"a", -9},
                  {"b", -9},       {"ab", -1},    {"ba", -2},     {"\u2581a", -3}, {"<u>", 0, 4}};
  return model;
}

TEST(SentencePiece, BytePairsGoByScore) {
  Tokenizer tokenizer = load(letters().bytes());
  EXPECT_EQ(tokenizer.encode("aba"), (Ids{1, 3, 6, 4}));
  EXPECT_EQ(tokenizer.encode("  a   b "), (Ids{1, 8, 3, 5}));
  EXPECT_EQ(tokenizer.encode("axxb"), (Ids{1, 8, 0, 5}));
  EXPECT_EQ(tokenizer.encode(""), (Ids{1}));
  EXPECT_EQ(tokenizer.encode("   ", false), Ids{});
  EXPECT_EQ(tokenizer.decode(Ids{1, 8, 3, 5, 2}), "a b");
  EXPECT_EQ(tokenizer.bos_token(), "<s>");
  EXPECT_EQ(tokenizer.eos_token_id(), 2);
}

TEST(SentencePiece, SymbolsStayWhole) {
  Tokenizer tokenizer = load(letters().bytes());
  // A user's symbol stands in the text that got its space already; a control symbol ends one text
  // and begins another.
  EXPECT_EQ(tokenizer.encode("<u>a<u>", false), (Ids{3, 9, 4, 9}));
  EXPECT_EQ(tokenizer.encode("a</s>a", false), (Ids{8, 2, 8}));
  Tokenizer newer = load(letters().bytes(), R"({"legacy": false, "add_eos_token": true})");
  EXPECT_EQ(newer.encode("a</s>a"), (Ids{1, 8, 2, 4, 2}));
  EXPECT_EQ(newer.encode("</s>a", false), (Ids{2, 4}));
  Tokenizer plain = load(letters().bytes(), R"({"add_bos_token": false})");
  EXPECT_EQ(plain.encode("a"), (Ids{8}));
}

TEST(SentencePiece, NormalizerSpec) {
  TestModel model = letters();
  model.remove_extra_whitespaces = false;
  model.add_dummy_prefix = false;
  model.character_map = tests::CharacterMapBytes({{"A", "a"}, {"\u3000", " "}, {"<", "b"}}).bytes();
  Tokenizer tokenizer = load(model.bytes());
  EXPECT_EQ(tokenizer.encode("A\u3000 b<<u>", false), (Ids{4, 3, 3, 5, 5, 9}));
  EXPECT_EQ(tokenizer.decode(Ids{3, 5}), " b");
}

TEST(SentencePiece, Unigram) {
  TestModel model = letters();
  model.type = 1;
  Tokenizer tokenizer = load(model.bytes());
  EXPECT_EQ(tokenizer.encode("ab b"), (Ids{3, 6, 3, 5, 2}));  // -9 - 1 beats -3 - 9
  model.byte_fallback = true;
  model.pieces.push_back({"<0x78>", 0, 6});
  EXPECT_EQ(load(model.bytes()).encode("xy"), (Ids{3, 0, 2}));
  EXPECT_EQ(load(model.bytes()).encode("xx"), (Ids{3, 10, 10, 2}));
}

TEST(SentencePiece, DamagedFiles) {
  auto error = [](const std::string& bytes) {
    try {
      load(bytes);
    } catch (const ModelError& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr("tokenizer.model: "));
      EXPECT_NE(e.advice(), "");
      return std::string(e.what());
    }
    return std::string("no error");
  };
  using testing::HasSubstr;
  EXPECT_THAT(error(""), HasSubstr("no pieces"));
  EXPECT_THAT(error("\x0A\xFF"), HasSubstr("cut off"));
  EXPECT_THAT(error("\x0A\x7F"), HasSubstr("127 bytes are announced where 0 are left"));
  EXPECT_THAT(error("\x23"), HasSubstr("unknown wire type 3"));
  TestModel model = letters();
  model.type = 3;
  EXPECT_THAT(error(model.bytes()), HasSubstr("WORD is not supported"));
  model = letters();
  model.pieces[4].text = "b";
  EXPECT_THAT(error(model.bytes()), HasSubstr("\"b\" appears twice"));
  model.pieces[4].text = "";
  EXPECT_THAT(error(model.bytes()), HasSubstr("piece 4 is empty"));
}

/// The published vocabulary of Llama 2, whose scores and types a GGUF file holds, as the file that
/// it came from.
TEST(SentencePieceFixtures, Llama) {
  QUERN_NEEDS_FIXTURES("gguf/ggml-vocab-llama-spm.gguf");
  auto folder = quern::tests::fixtures_folder() / "gguf";
  GgufVocabulary vocabulary = tests::vocabulary_in(folder / "ggml-vocab-llama-spm.gguf");
  TestModel model;
  model.byte_fallback = true;
  model.remove_extra_whitespaces = false;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    model.pieces.push_back(
        {vocabulary.tokens[id], vocabulary.scores[id], vocabulary.token_types[id]});
  }
  Tokenizer tokenizer = load(model.bytes());
  std::ifstream stream(folder / "golden.json");
  size_t cases = 0;
  for (const json& one : json::parse(stream)) {
    if (one.at("vocab") != "llama-spm") continue;
    auto text = one.at("text").get<std::string>();
    EXPECT_EQ(tokenizer.encode(text, false), one.at("ids").get<Ids>()) << json(text);
    ++cases;
  }
  EXPECT_GT(cases, 0u);
}

}  // namespace
}  // namespace quern::models
