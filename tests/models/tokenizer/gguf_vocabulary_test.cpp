#include "models/tokenizer/gguf_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "models/error.h"
#include "models/tokenizer/pre_tokenizer.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "tests/fixtures.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using tests::Ids;
using tests::json;

GgufVocabulary letters(const std::string& model, const std::string& pre) {
  GgufVocabulary vocabulary;
  vocabulary.model = model;
  vocabulary.pre = pre;
  for (const char* token :
       {"<s>", "</s>", "a", "b", "c", "\u0120", "ab", "\u0120ab", "1", "12", "<x>"}) {
    vocabulary.tokens.emplace_back(token);
  }
  vocabulary.token_types = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4};
  vocabulary.merges = {"a b", "\u0120 ab", "1 2", "1 zz"};
  vocabulary.bos_token_id = 0;
  vocabulary.eos_token_id = 1;
  return vocabulary;
}

TEST(GgufVocabulary, ByteLevel) {
  Tokenizer tokenizer = tokenizer_of_gguf(letters("gpt2", "gpt-2"), "file");
  EXPECT_EQ(tokenizer.encode("ab ab<x>c<s>"), (Ids{6, 7, 10, 4, 0}));
  EXPECT_EQ(tokenizer.decode(Ids{0, 6, 7, 10}), "ab ab<x>");
  EXPECT_EQ(tokenizer.bos_token(), "<s>");
  EXPECT_EQ(tokenizer.eos_token_id(), 1);
  EXPECT_EQ(tokenizer.encode("1211"), (Ids{8, 8, 8}));  // "2" has no token
  Tokenizer llama3 = tokenizer_of_gguf(letters("gpt2", "llama-bpe"), "file");
  EXPECT_EQ(llama3.encode("12 ab"), (Ids{0, 9, 7}));
  GgufVocabulary quiet = letters("gpt2", "llama-bpe");
  quiet.add_bos_token = false;
  quiet.add_eos_token = true;
  EXPECT_EQ(tokenizer_of_gguf(quiet, "file").encode("c"), (Ids{4, 1}));
}

TEST(GgufVocabulary, SentencePieceJoinsByScore) {
  GgufVocabulary vocabulary;
  vocabulary.model = "llama";
  for (const char* token :
       {"<unk>", "<s>", "</s>", "<0xC3>", "<0xA9>", "\u2581", "a", "b", "ab", "ba", "\u2581a"}) {
    vocabulary.tokens.emplace_back(token);
  }
  vocabulary.token_types = {2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1};
  vocabulary.scores = {0, 0, 0, 0, 0, -9, -9, -9, -1, -2, -3};
  auto encode = [&](const char* text) { return tokenizer_of_gguf(vocabulary, "f").encode(text); };
  EXPECT_EQ(encode("aba"), (Ids{1, 5, 8, 6}));  // ab before ba and before the word's beginning
  EXPECT_EQ(encode("a\u00E9"), (Ids{1, 10, 3, 4}));
  vocabulary.scores[9] = -1;  // of equal scores the left one goes first
  EXPECT_EQ(encode("bab"), (Ids{1, 5, 9, 7}));
  vocabulary.add_space_prefix = false;
  EXPECT_EQ(encode("bab a"), (Ids{1, 9, 7, 10}));
  EXPECT_EQ(tokenizer_of_gguf(vocabulary, "f").decode(Ids{10, 3, 4}), " a\u00E9");
}

TEST(GgufVocabulary, WordPieceMarksTheBeginning) {
  GgufVocabulary vocabulary;
  vocabulary.model = "bert";
  for (const char* token : {"[UNK]", "[CLS]", "[SEP]", "\u2581hell", "o", "\u2581o"}) {
    vocabulary.tokens.emplace_back(token);
  }
  vocabulary.token_types = {3, 3, 3, 1, 1, 1};
  vocabulary.unknown_token_id = 0;
  vocabulary.cls_token_id = 1;
  vocabulary.separator_token_id = 2;
  Tokenizer tokenizer = tokenizer_of_gguf(vocabulary, "file");
  EXPECT_EQ(tokenizer.encode("Hello o x"), (Ids{1, 3, 4, 5, 0, 2}));
  EXPECT_EQ(tokenizer.decode(Ids{1, 3, 4, 5, 2}), "hello o");
  vocabulary.normalizer_lowercase = false;
  EXPECT_EQ(tokenizer_of_gguf(vocabulary, "file").encode("Hello o"), (Ids{1, 0, 5, 2}));
}

TEST(GgufVocabulary, Unigram) {
  GgufVocabulary vocabulary;
  vocabulary.model = "t5";
  for (const char* token : {"<pad>", "</s>", "<unk>", "\u2581", "\u2581ab", "a", "b"}) {
    vocabulary.tokens.emplace_back(token);
  }
  vocabulary.token_types = {3, 3, 2, 1, 1, 1, 1};
  vocabulary.scores = {0, 0, 0, -1, -2, -3, -3};
  EXPECT_EQ(tokenizer_of_gguf(vocabulary, "f").encode("ab xa"), (Ids{4, 3, 2, 5, 1}));
  vocabulary.remove_extra_whitespaces = true;
  EXPECT_EQ(tokenizer_of_gguf(vocabulary, "f").encode("  ab   a "), (Ids{4, 3, 5, 1}));
}

TEST(GgufVocabulary, EverySchemeCompiles) {
  for (const SplitScheme& scheme : split_schemes()) {
    SCOPED_TRACE(scheme.name);
    GgufVocabulary vocabulary = letters("gpt2", std::string(scheme.name));
    vocabulary.add_bos_token = false;
    Tokenizer tokenizer = tokenizer_of_gguf(vocabulary, "file");
    EXPECT_EQ(tokenizer.encode("abc"), (Ids{6, 4}));
  }
}

/// The pieces into which a scheme divides a text.
std::vector<std::string> pieces(const char* scheme, std::string_view text) {
  PreTokenized pre_tokenized;
  pre_tokenized.pieces.push_back({text, true});
  json steps = pre_tokenizer_of(*find_split_scheme(scheme));
  steps["pretokenizers"].erase(steps["pretokenizers"].size() - 1);  // the byte alphabet
  make_pre_tokenizer(steps)->apply(pre_tokenized);
  std::vector<std::string> texts;
  for (const auto& piece : pre_tokenized.pieces) texts.emplace_back(piece.text);
  return texts;
}

TEST(GgufVocabulary, SchemesDivideText) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(pieces("llama-bpe", "I'LL 12345\n"), (Texts{"I", "'LL", " ", "123", "45", "\n"}));
  EXPECT_EQ(pieces("qwen2", "a12"), (Texts{"a", "1", "2"}));
  EXPECT_EQ(pieces("gpt-4o", "HelloWORLD's"), (Texts{"Hello", "WORLD's"}));
  EXPECT_EQ(pieces("tekken", "aB1"), (Texts{"a", "B", "1"}));
  EXPECT_EQ(pieces("kimi-k2", "hi\u4F60\u597Dok"), (Texts{"hi", "\u4F60\u597D", "ok"}));
  EXPECT_EQ(pieces("deepseek-v3", "x1234 \u3042b"), (Texts{"x", "123", "4", " ", "\u3042", "b"}));
  EXPECT_EQ(pieces("superbpe", "1234567"), (Texts{"1", "234", "567"}));
  EXPECT_EQ(pieces("afmoe", "12345"), (Texts{"12", "345"}));
  EXPECT_EQ(pieces("falcon", "a1234!"), (Texts{"a", "123", "4", "!"}));
  EXPECT_EQ(pieces("bloom", "a, b"), (Texts{"a", ",", " b"}));
}

TEST(GgufVocabulary, WhatIsWrongIsSaid) {
  auto error = [](GgufVocabulary vocabulary) {
    try {
      tokenizer_of_gguf(vocabulary, "F.gguf");
    } catch (const ModelError& e) {
      EXPECT_THAT(e.what(), testing::StartsWith("[tokenizer] F.gguf: "));
      return std::string(e.what());
    }
    return std::string("no error");
  };
  using testing::HasSubstr;
  EXPECT_THAT(error(letters("rwkv", "")), HasSubstr("\"rwkv\" is not supported"));
  EXPECT_THAT(error(letters("gpt2", "magic")), HasSubstr("pre is \"magic\""));
  GgufVocabulary vocabulary = letters("gpt2", "gpt-2");
  vocabulary.scores = {1, 2};
  EXPECT_THAT(error(vocabulary), HasSubstr("scores has 2 values for 11 tokens"));
  vocabulary = letters("gpt2", "gpt-2");
  vocabulary.merges[0] = "ab";
  EXPECT_THAT(error(vocabulary), HasSubstr("merge 0 is \"ab\""));
  vocabulary.merges[0] = "\xFF \xFF";
  EXPECT_THAT(error(vocabulary), HasSubstr("not valid UTF-8"));
  vocabulary = GgufVocabulary();
  vocabulary.model = "gpt2";
  EXPECT_THAT(error(vocabulary), HasSubstr("lacks tokenizer.ggml.tokens"));
  EXPECT_THAT(error(letters("bert", "")), HasSubstr("unknown token 100"));
}

TEST(GgufVocabulary, EndOfGeneration) {
  GgufVocabulary vocabulary;
  vocabulary.tokens = {"<|end|>", "x", "<|eot_id|>", "y"};
  vocabulary.eos_token_id = 3;
  vocabulary.eot_token_id = 77;
  EXPECT_EQ(end_of_generation_ids(vocabulary), (Ids{0, 2, 3}));
  vocabulary.tokens[1] = "<|call|>";
  EXPECT_EQ(end_of_generation_ids(vocabulary), (Ids{1, 2, 3}));
}

TEST(GgufVocabulary, WrittenAndReadAgain) {
  json file = tests::letters_file({"a b", "b c"});
  file["added_tokens"] = json::parse(R"([{"id": 30, "content": "<x>", "special": true},
                                         {"id": 31, "content": "yes", "special": false}])");
  file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  GgufVocabulary written = gguf_vocabulary_of(tests::make(file), 34);
  EXPECT_EQ(written.model, "gpt2");
  EXPECT_EQ(written.pre, "gpt-2");
  EXPECT_EQ(written.merges, (std::vector<std::string>{"a b", "b c"}));
  ASSERT_EQ(written.tokens.size(), 34u);
  EXPECT_EQ(written.tokens[27], "bc");
  EXPECT_EQ(written.tokens[28], "[PAD28]");
  EXPECT_EQ(written.tokens[33], "[PAD33]");
  EXPECT_EQ(written.token_types[27], 1);
  EXPECT_EQ(written.token_types[28], 5);
  EXPECT_EQ(written.token_types[30], 3);
  EXPECT_EQ(written.token_types[31], 4);
  EXPECT_EQ(tokenizer_of_gguf(written, "f").encode("<x>abcyes"), (Ids{30, 26, 2, 31}));
}

TEST(GgufVocabulary, WhatCannotBeWritten) {
  auto error = [](const json& file) {
    try {
      gguf_vocabulary_of(tests::make(file));
    } catch (const ModelError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  using testing::HasSubstr;
  json file = tests::letters_file();
  EXPECT_THAT(error(file), HasSubstr("GGUF has no name for the pre-tokenizer"));
  file["pre_tokenizer"] = json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "[xyz]"}, "behavior": "Isolated"},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})");
  EXPECT_THAT(error(file), HasSubstr("the split pattern \"[xyz]\""));
  file["normalizer"] = {{"type", "Lowercase"}};
  EXPECT_THAT(error(file), HasSubstr("no name for the normalizer"));
}

/// What GGUF cannot say: that an added token takes white space along or stands alone, and that
/// every mark of a word's beginning begins a word (the `tokenizers` library's Metaspace).
bool can_be_said(const std::string& text, const Tokenizer& tokenizer, const std::string& model) {
  for (const auto& [id, token] : tokenizer.parts().added_tokens) {
    bool has_rule = token.lstrip || token.rstrip || token.single_word;
    if (has_rule && text.find(token.content) != text.npos) return false;
  }
  for (const char* run : {"  ", "> ", " <", "\u2581\u2581"}) {
    if (model == "t5" && text.find(run) != text.npos) return false;
  }
  return model != "t5" || !text.starts_with(' ');
}

TEST(GgufVocabularyFixtures, WrittenTokenizersStayTheSame) {
  QUERN_NEEDS_FIXTURES("tokenizers");
  for (const auto& folder :
       std::filesystem::directory_iterator(quern::tests::fixtures_folder() / "tokenizers")) {
    if (!std::filesystem::exists(folder.path() / "golden.json")) continue;
    std::string name = folder.path().filename();
    SCOPED_TRACE(name);
    Tokenizer original = Tokenizer::load(folder.path());
    GgufVocabulary written = gguf_vocabulary_of(original);
    Tokenizer tokenizer = tokenizer_of_gguf(written, name);
    std::ifstream stream(folder.path() / "golden.json");
    size_t cases = 0;
    for (const json& one : json::parse(stream)) {
      auto text = one.at("text").get<std::string>();
      if (!can_be_said(text, original, written.model)) continue;
      ++cases;
      EXPECT_EQ(tokenizer.encode(text, false), one.at("ids").get<Ids>()) << json(text);
      EXPECT_EQ(tokenizer.encode(text, true), one.at("ids_with_special").get<Ids>()) << json(text);
    }
    std::cout << name << " as " << written.model << " " << written.pre << ": " << cases
              << " cases\n";
  }
}

}  // namespace
}  // namespace quern::models
