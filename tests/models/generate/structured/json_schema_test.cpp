#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "models/error.h"
#include "models/generate/structured/grammar.h"
#include "tests/models/generate/structured/schema_validator.h"
#include "tests/models/generate/structured/schemas.h"
#include "tests/models/generate/structured/vocabularies.h"

namespace quern::models {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const Grammar> grammar_of(const std::string& schema,
                                          const JsonLayout& layout = {}) {
  static const auto vocabulary = tests::byte_vocabulary();
  return Grammar::from_json_schema(Json::parse(schema), vocabulary, layout);
}

void expect_language(const std::string& schema, const std::vector<std::string>& valid,
                     const std::vector<std::string>& invalid) {
  const auto grammar = grammar_of(schema);
  for (const std::string& text : valid)
    EXPECT_TRUE(grammar->matches(text)) << schema << ": " << text;
  for (const std::string& text : invalid) {
    EXPECT_FALSE(grammar->matches(text)) << schema << ": " << text;
  }
}

std::string error_of(const std::string& schema) {
  try {
    grammar_of(schema);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

TEST(JsonSchema, AnyJson) {
  expect_language(
      "{}",
      {"1", "-0.5e+7", "\"\"", "\"a\\u00e9\\ud83d\\ude00é\"", "[]", "[1, [true,null]]", "{}",
       R"({"a": {"b":[{}]}, "c":1})"},
      {"", "01", "1.", "+1", ".5", "\"", "\"\n\"", "\"\\x\"", "\"\\ud83d\"", "\"\\ude00\"", "[1,]",
       "{,}", "{\"a\"}", "nul", "[1  ,2]", " 1", "1 ", "\"\xFF\""});
}

TEST(JsonSchema, AnyJsonNestsOnlySoDeep) {
  const auto grammar = grammar_of("true");
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(grammar->matches(nested(16)));
  EXPECT_FALSE(grammar->matches(nested(17)));
}

TEST(JsonSchema, ObjectsHaveTheirPropertiesInOrder) {
  const std::string schema =
      R"({"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"required":["b"]})";
  expect_language(schema,
                  {R"({"b":null})", R"({"a":null,"b":null})", R"({"b": null, "c": null})",
                   R"({"a":null,"b":null,"c":null})"},
                  {"{}", R"({"a":null})", R"({"b":null,"a":null})", R"({"b":null,"b":null})",
                   R"({"b":null,"d":null})", R"({"b":null,})", R"({,"b":null})"});
}

TEST(JsonSchema, OtherPropertiesNeverHaveADeclaredName) {
  expect_language(
      R"({"type":"object","properties":{"ab":{"type":"null"},"a":{"type":"null"}},"additionalProperties":{"type":"integer"}})",
      {"{}", R"({"b":1})", R"({"ab":null,"abc":1, "":2})", R"({"a":null,"aé":1})"},
      {R"({"a":1})", R"({"ab":1})", R"({"b":null})", R"({"\u0061":1})", R"({"b":1,"a":null})"});
  expect_language(R"({"type":"object","additionalProperties":false})", {"{}"}, {R"({"a":1})"});
  expect_language(R"({"type":"object","required":["a"]})", {R"({"a":[1]})"}, {"{}", R"({"b":1})"});
}

TEST(JsonSchema, ArraysCount) {
  expect_language(R"({"type":"array","items":{"type":"null"},"minItems":1,"maxItems":2})",
                  {"[null]", "[null, null]"}, {"[]", "[null,null,null]", "[1]"});
  expect_language(R"({"type":"array","maxItems":0})", {"[]"}, {"[1]"});
  expect_language(
      R"({"prefixItems":[{"const":1},{"const":2}],"items":{"const":3},"minItems":1,"maxItems":4})",
      {"[1]", "[1,2]", "[1,2,3]", "[1,2,3,3]"}, {"[]", "[2]", "[1,3]", "[1,2,3,3,3]", "[1,2,2]"});
  expect_language(R"({"type":"array","prefixItems":[{"const":1},{"const":2}]})",
                  {"[]", "[1]", "[1,2]"}, {"[1,2,3]"});
  expect_language(R"({"type":"array","prefixItems":[{"const":1}],"minItems":2})", {"[1,null]"},
                  {"[1]", "[]"});
}

TEST(JsonSchema, StringsCountCharacters) {
  expect_language(R"({"type":"string","minLength":2,"maxLength":3})",
                  {R"("ab")", R"("日本語")", R"("\n\u0041\ud83d\ude00")"},
                  {R"("a")", R"("abcd")", R"("\n\n\n\n")"});
}

TEST(JsonSchema, PatternsAreSearchedInTheStringsValue) {
  expect_language(R"({"type":"string","pattern":"b"})", {R"("b")", R"("abc")", R"("\n\"b")"},
                  {R"("ac")", "\"\""});
  expect_language(R"({"type":"string","pattern":"^a|b$"})", {R"("ax")", R"("xb")"},
                  {R"("bx")", R"("xa")"});
  expect_language(R"({"type":"string","pattern":"^[\"\\\\\n]$"})",
                  {R"("\"")", R"("\\")", R"("\n")"}, {R"("a")", R"(""")", R"("\u000a")"});
  expect_language(R"({"type":"string","pattern":"^[a-z]+$","minLength":2,"maxLength":3})",
                  {R"("ab")", R"("abc")"}, {R"("a")", R"("abcd")"});
}

TEST(JsonSchema, DatesExist) {
  expect_language(R"({"type":"string","format":"date"})",
                  {R"("2024-02-29")", R"("2000-02-29")", R"("1999-12-31")"},
                  {R"("2023-02-29")", R"("1900-02-29")", R"("2024-04-31")", R"("2024-13-01")",
                   R"("2024-00-10")"});
}

TEST(JsonSchema, IntegerBoundsAreExact) {
  std::vector<std::pair<int, int>> bounds = {{0, 0},     {-3, 5},      {7, 10},   {95, 205},
                                             {-120, -8}, {-5, 0},      {99, 100}, {-1, 1000},
                                             {5, 4},     {-1000, -999}};
  for (const auto& [low, high] : bounds) {
    for (const bool exclusive : {false, true}) {
      const std::string schema =
          fmt::format(R"({{"type":"integer","{}inimum":{},"{}aximum":{}}})",
                      exclusive ? "exclusiveM" : "m", low, exclusive ? "exclusiveM" : "m", high);
      const int least = exclusive ? low + 1 : low, most = exclusive ? high - 1 : high;
      if (least > most) {
        EXPECT_THROW(grammar_of(schema), ModelError) << schema;
        continue;
      }
      const auto grammar = grammar_of(schema);
      for (int x = -1300; x <= 1300; ++x) {
        ASSERT_EQ(grammar->matches(std::to_string(x)), least <= x && x <= most)
            << schema << " " << x;
      }
      EXPECT_FALSE(grammar->matches("-0"));
      EXPECT_FALSE(grammar->matches("00"));
      EXPECT_FALSE(grammar->matches(""));
    }
  }
  expect_language(R"({"type":"integer","minimum":3})", {"3", "10", "123456789012345678"},
                  {"2", "-3", "0"});
  expect_language(R"({"type":"integer","maximum":-3})", {"-3", "-10", "-123456789012345678"},
                  {"-2", "3", "0"});
  expect_language(R"({"type":"integer","minimum":2.5,"maximum":4.5})", {"3", "4"}, {"2", "5"});
  expect_language(R"({"type":"integer","minimum":9007199254740993,"maximum":9007199254740993})",
                  {"9007199254740993"}, {"9007199254740992", "9007199254740994"});
}

TEST(JsonSchema, NumberBoundsAreExact) {
  const struct {
    const char* schema;
    double low, high;
    bool low_included, high_included;
  } cases[] = {
      {R"({"type":"number","minimum":-1.25,"maximum":3.5})", -1.25, 3.5, true, true},
      {R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})", 0, 1, false, false},
      {R"({"type":"number","exclusiveMinimum":-10.05,"maximum":-0.1})", -10.05, -0.1, false, true},
      {R"({"type":"number","minimum":0.3,"maximum":12})", 0.3, 12, true, true},
      {R"({"type":"number","minimum":9.95,"exclusiveMaximum":10.05})", 9.95, 10.05, true, false}};
  std::mt19937 random(5);
  for (const auto& c : cases) {
    const auto grammar = grammar_of(c.schema);
    for (int i = 0; i < 4000; ++i) {
      const int scale = int(random() % 4);
      const int64_t whole = int64_t(random() % 40001) - 20000;
      const std::string text = fmt::format("{:.{}f}", double(whole) / std::pow(10, scale), scale);
      const double x = std::stod(text);
      const bool above = c.low_included ? x >= c.low : x > c.low;
      const bool below = c.high_included ? x <= c.high : x < c.high;
      ASSERT_EQ(grammar->matches(text), above && below) << c.schema << " " << text;
    }
  }
}

TEST(JsonSchema, EnumAndConst) {
  expect_language(R"({"enum":["a",1,{"b":[1,2]}]})",
                  {R"("a")", "1", R"({"b":[1,2]})", R"({"b": [1, 2]})"}, {"\"b\"", "2", "{}"});
  expect_language(R"({"type":"string","enum":["a",1]})", {R"("a")"}, {"1"});
  expect_language(R"({"const":null})", {"null"}, {"1"});
}

TEST(JsonSchema, AllOfMeetsEverything) {
  expect_language(
      R"({"allOf":[{"type":["integer","string"],"minimum":2},{"type":"number","maximum":3}]})",
      {"2", "3"}, {"1", "4", "\"a\"", "2.5"});
  expect_language(
      R"({"type":"integer","allOf":[{"enum":[1,2,"a"]},{"anyOf":[{"enum":[2,3]},{"enum":["a"]}]}]})",
      {"2"}, {"1", "3", "\"a\""});
  expect_language(
      R"({"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false},
          {"properties":{"a":{"minimum":3,"maximum":4},"b":{"type":"null"}}}]})",
      {"{}", R"({"a":3})"}, {R"({"a":2})", R"({"b":null})"});
}

TEST(JsonSchema, OneOfMustExclude) {
  EXPECT_NO_THROW(
      grammar_of(R"({"oneOf":[{"type":"string"},{"type":"integer"},{"enum":[null]}]})"));
  EXPECT_NO_THROW(grammar_of(
      R"({"oneOf":[{"type":"object","properties":{"a":{"type":"null"}},"required":["a"],"additionalProperties":false},
                   {"type":"object","properties":{"b":{"type":"null"}},"required":["b"],"additionalProperties":false}]})"));
  for (
      const char* schema :
      {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})",
       R"({"oneOf":[{"enum":[1,2]},{"enum":[2,3]}]})",
       R"({"oneOf":[{"type":"object","properties":{"a":{"type":"null"}}},{"type":"object","properties":{"b":{"type":"null"}}}]})"}) {
    EXPECT_NE(error_of(schema).find("may hold at once"), std::string::npos) << schema;
  }
}

TEST(JsonSchema, FreeWhiteSpaceIsBounded) {
  const JsonLayout layout{.free_white_space = true, .maximum_white_space = 3};
  const auto grammar = grammar_of(
      R"({"type":"object","properties":{"a":{"type":"array","items":{"const":1}}}})", layout);
  EXPECT_TRUE(grammar->matches("{\n \"a\" : [ 1\t, 1 ]\r\n}"));
  EXPECT_TRUE(grammar->matches("{\"a\":[1]}"));
  EXPECT_FALSE(grammar->matches("{    \"a\":[1]}"));
}

TEST(JsonSchema, WhatIsNotSupportedIsRefusedByNameAndPlace) {
  const struct {
    const char* schema;
    const char* expected;
  } cases[] = {
      {R"({"properties":{"a":{"multipleOf":2}}})", "#/properties/a: the keyword \"multipleOf\""},
      {R"({"type":"array","items":{"anyOf":[{"not":{}}]}})",
       "#/items/anyOf/0: the keyword \"not\""},
      {R"({"uniqueItems":true})", "\"uniqueItems\""},
      {R"({"type":"strnig"})", "\"type\" must be"},
      {R"({"type":[]})", "\"type\" must be"},
      {R"({"minLength":-1})", "\"minLength\" must be a whole number"},
      {R"({"type":"string","format":"uri"})", "the format \"uri\""},
      {R"x({"type":"string","pattern":"(?=a)"})x", "look-around"},
      {R"({"$ref":"http://example.com/a"})", "\"$ref\" is \"http://example.com/a\""},
      {R"({"$ref":"#/$defs/a"})", "where there is no schema"},
      {R"({"$ref":"#/$defs/%4"})", "wrong escape"},
      {R"({"items":[{}]})", "\"items\" must be a schema"},
      {R"({"enum":["a"],"minLength":3})", "\"minLength\" beside enum"},
      {R"({"type":"string","pattern":"ab|c","minLength":2})",
       "minLength and maxLength beside a pattern"},
      {R"({"allOf":[{"pattern":"a"},{"pattern":"b"}]})", "two \"pattern\""},
      {R"({"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"})",
       "refers to itself without end"},
      {R"({"$ref":"#"})", "nothing can meet"},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "nothing can meet"},
      {R"({"type":"object","properties":{"a":false},"required":["a"]})", "nothing can meet"},
      {R"({"type":"string","minLength":3,"maxLength":2})", "nothing can meet"},
      {"false", "nothing can meet"},
      {"3", "a schema must be"},
  };
  for (const auto& [schema, expected] : cases) {
    EXPECT_NE(error_of(schema).find(expected), std::string::npos)
        << schema << ": " << error_of(schema);
  }
}

TEST(JsonSchema, HostileSchemasEndInAnError) {
  for (const size_t depth : {150, 100000}) {
    std::string nested;
    for (size_t i = 0; i < depth; ++i) nested += R"({"items":)";
    nested += "true" + std::string(depth, '}');
    EXPECT_THAT(error_of(nested), testing::HasSubstr("nested")) << depth;
  }
  const std::string choice = R"({"anyOf":[{"minLength":1},{"maxLength":2},{"minimum":3}]})";
  const std::vector<std::string> choices(20, choice);
  EXPECT_NE(error_of(fmt::format(R"({{"allOf":[{}]}})", fmt::join(choices, ","))), "");
}

/// Random texts, byte by byte: each next byte is one of the allowed, and after a while the one that
/// most likely closes what is open.
std::string random_text(const std::shared_ptr<const Grammar>& grammar, std::mt19937& random) {
  Constraint constraint(grammar);
  std::string text;
  for (int step = 0; step < 3000; ++step) {
    if (constraint.is_complete() && (random() % 4 == 0 || step > 60)) break;
    std::vector<int32_t> allowed;
    for (int32_t id = 0; id < 256; ++id) {
      if (constraint.allows(id)) allowed.push_back(id);
    }
    EXPECT_TRUE(!allowed.empty() || constraint.is_complete()) << text;
    if (allowed.empty()) break;
    int32_t chosen = allowed[random() % allowed.size()];
    if (step > 60 && random() % 8 != 0) {
      for (const char closing : {'}', ']', '"'}) {
        if (constraint.allows(closing)) chosen = closing;
      }
    }
    constraint.advance(chosen);
    text += char(chosen);
  }
  EXPECT_TRUE(constraint.is_complete()) << text;
  return text;
}

TEST(JsonSchema, WhateverIsGeneratedIsValid) {
  const auto vocabulary = tests::byte_vocabulary();
  std::mt19937 random(20260314);
  for (const Json& schema : tests::sample_schemas()) {
    for (const bool free_white_space : {false, true}) {
      const auto grammar = Grammar::from_json_schema(schema, vocabulary, {free_white_space, 4});
      for (int i = 0; i < 60; ++i) {
        const std::string text = random_text(grammar, random);
        const Json value = Json::parse(text, nullptr, false);
        ASSERT_FALSE(value.is_discarded()) << schema << "\n" << text;
        ASSERT_TRUE(tests::is_valid(value, schema, schema)) << schema << "\n" << text;
      }
    }
  }
}

}  // namespace
}  // namespace quern::models
