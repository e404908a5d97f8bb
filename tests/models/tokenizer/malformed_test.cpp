#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/error.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using testing::HasSubstr;
using tests::json;

/// A valid file with something of everything.
json whole_file() {
  json file = tests::letters_file({"a b", "ab c"});
  file["normalizer"] = {{"type", "NFC"}};
  file["pre_tokenizer"] = json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\p{L}+"}, "behavior": "Isolated"},
      {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]})");
  file["decoder"] = {{"type", "Fuse"}};
  file["added_tokens"] = json::parse(R"([{"id": 40, "content": "<x>\n", "special": true}])");
  file["post_processor"] = json::parse(R"({"type": "BertProcessing",
      "cls": ["a", 0], "sep": ["<x>", 40]})");
  return file;
}

std::string error_of(const std::string& text) {
  try {
    Tokenizer::from_json(text);
  } catch (const ModelError& error) {
    EXPECT_NE(error.advice(), "");
    EXPECT_THAT(error.what(), testing::StartsWith("[tokenizer] tokenizer.json: "));
    return error.what();
  }
  return "no error";
}

TEST(MalformedTokenizer, EveryTruncation) {
  std::string text = whole_file().dump(1);
  ASSERT_EQ(error_of(text), "no error");
  for (size_t i = 0; i < 200; ++i) {
    EXPECT_NE(error_of(text.substr(0, i * text.size() / 200)), "no error") << i;
  }
  for (size_t size = text.size() - 100; size < text.size(); ++size) {
    EXPECT_NE(error_of(text.substr(0, size)), "no error") << size;
  }
}

TEST(MalformedTokenizer, EverySingleByteChangedNeverCrashes) {
  std::string text = whole_file().dump();
  for (size_t i = 0; i < text.size(); ++i) {
    for (char c : {'"', '{', ']', '9', '\\', '\xFF', '\0'}) {
      std::string changed = text;
      changed[i] = c;
      try {
        Tokenizer::from_json(changed).encode("abc ab <x>\n");
      } catch (const ModelError&) {
      }
    }
  }
}

TEST(MalformedTokenizer, WhatIsWrongIsSaid) {
  struct Case {
    const char* pointer;
    const char* value;
    const char* message;
  };
  for (const Case& one : std::vector<Case>{
           {"/model/vocab/zz", "-1", "the token \"zz\" has the id -1, which is outside 0 to"},
           {"/model/vocab/zz", "99999999999", "has the id 99999999999"},
           {"/model/vocab/zz", "3", "the same id 3"},
           {"/model/vocab/zz", "\"3\"", "where a whole number belongs"},
           {"/model/vocab/zz", "3.5", "where a whole number belongs"},
           {"/model/vocab", "[]", "where '{' belongs"},
           {"/model/vocab", "null", "lacks \"vocab\""},
           {"/model/merges/1", "\"ab ?\"", "merge 1 needs the token \"?\""},
           {"/model/merges/0", "\"b a\"", "merge 0 needs the token \"ba\""},
           {"/model/merges/0", "\"ab\"", "merge 0 is \"ab\""},
           {"/model/merges/0", "[\"a\", \"b\", \"c\"]", "where ']' belongs"},
           {"/model/type", "\"Nonsense\"", "the model \"Nonsense\" is not supported"},
           {"/model", "null", "where '{' belongs"},
           {"/normalizer/type", "\"Magic\"", "the normalizer \"Magic\" is not supported"},
           {"/pre_tokenizer/type", "\"Magic\"", "the pre-tokenizer \"Magic\" is not supported"},
           {"/decoder/type", "\"Magic\"", "the decoder \"Magic\" is not supported"},
           {"/post_processor/type", "\"Magic\"", "the post-processor \"Magic\" is not supported"},
           {"/post_processor/sep/1", "41", "adds token 41, but the highest id is 40"},
           {"/normalizer", "3", "a normalizer is number where an object belongs"},
           {"/pre_tokenizer/pretokenizers/0/pattern/Regex", "\"(\"", "does not compile"},
           {"/pre_tokenizer/pretokenizers/0/behavior", "\"Shuffled\"", "\"Shuffled\" is unknown"},
           {"/pre_tokenizer/pretokenizers/1/replacement", "\"ab\"", "one character belongs"},
           {"/added_tokens/0/id", "-2", "has the id -2"},
           {"/added_tokens/0/content", "null", "lacks \"content\""},
           {"/added_tokens/1", R"({"id": 40, "content": "<y>"})", "the same id 40"},
           {"/added_tokens/1", R"({"id": 41, "content": "<x>\n"})", "appears twice"},
           {"/added_tokens", "{}", "\"added_tokens\" is an object where an array belongs"},
       }) {
    json file = whole_file();
    file[json::json_pointer(one.pointer)] = json::parse(one.value);
    EXPECT_THAT(error_of(file.dump()), HasSubstr(one.message)) << one.pointer;
  }
}

TEST(MalformedTokenizer, NotJsonAtAll) {
  EXPECT_NE(error_of(""), "no error");
  EXPECT_NE(error_of("[]"), "no error");
  EXPECT_NE(error_of("{}"), "no error");
  EXPECT_NE(error_of("{} {}"), "no error");
  EXPECT_THAT(error_of("{\"a\": \"\xFF\"}"), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(error_of("{\"x\": " + std::string(100000, '[') + std::string(100000, ']') + "}"),
              HasSubstr("nests deeper"));
  std::string twice = tests::letters_file().dump();
  twice.insert(twice.find("\"a\":0"), "\"a\":77,");
  EXPECT_THAT(error_of(twice), HasSubstr("the token \"a\" appears twice, with the ids 77 and 0"));
}

}  // namespace
}  // namespace quern::models
