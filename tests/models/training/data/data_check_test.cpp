#include "models/training/data/data_check.h"

#include "tests/models/training/data/data_cases.h"

namespace quern::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::expect_error;
using tests::ModelFolder;

CheckedRows check(const std::string& file, const std::string& bytes,
                  const RowEncoder* encoder = nullptr, CheckOptions options = {}) {
  const ModelFolder folder;
  folder.write(file, bytes);
  return check_data(folder.path() / file, encoder, options);
}

/// "line: reason" of every bad row.
std::vector<std::string> bad_rows(const DataReport& report) {
  std::vector<std::string> out;
  for (const BadRow& row : report.bad_rows) {
    out.push_back(std::to_string(row.line) + ": " + row.reason);
  }
  return out;
}

/// The rows of a file that must be good, all of them: each row's texts.
std::vector<std::vector<std::string>> rows_of(const std::string& file, const std::string& bytes,
                                              RowKind kind, CheckOptions options = {}) {
  const ModelFolder folder;
  folder.write(file, bytes);
  const CheckedRows checked = check_data(folder.path() / file, nullptr, options);
  EXPECT_THAT(bad_rows(checked.report), IsEmpty());
  EXPECT_EQ(checked.report.kind, kind) << name_of(checked.report.kind);
  std::vector<std::vector<std::string>> out;
  for (size_t i = 0; i < checked.rows.size(); ++i) {
    const Row row = checked.rows.read(i);
    out.emplace_back();
    for (const auto* messages : {&row.messages, &row.chosen, &row.rejected}) {
      for (const ChatMessage& message : *messages) {
        out.back().push_back(message.role + ":" + message.content);
      }
    }
    if (row.kind == RowKind::text) out.back().push_back(row.text);
  }
  return out;
}

const std::string byte_order_mark = "\xEF\xBB\xBF";

TEST(DataFormats, JsonLines) {
  EXPECT_THAT(
      rows_of("a.jsonl", byte_order_mark + "{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}", RowKind::text),
      ElementsAre(ElementsAre("a"), ElementsAre("b")));
}

TEST(DataFormats, JsonArray) {
  const std::string array = R"( [ {"text": "a, ] \" }"} ,
    {"text": "b", "more": [1, {"c": 2}]}
  ]
  )";
  EXPECT_THAT(rows_of("a.json", array, RowKind::text),
              ElementsAre(ElementsAre("a, ] \" }"), ElementsAre("b")));
  EXPECT_THAT(rows_of("misnamed.jsonl", array, RowKind::text).size(), 2u);
}

TEST(DataFormats, ObjectsOverSeveralLines) {
  EXPECT_THAT(
      rows_of("a.json", "{\n  \"text\": \"a\"\n}\n{\n  \"text\": \"b\"\n}\n", RowKind::text),
      ElementsAre(ElementsAre("a"), ElementsAre("b")));
}

TEST(DataFormats, CommaSeparatedValues) {
  const std::string csv = byte_order_mark +
                          "id,prompt,completion\r\n"
                          "1,\"What, \"\"this\"\"?\",\"Two\nlines\"\r\n"
                          "\r\n"
                          "2,b,c\r\n";
  for (const char* name : {"a.csv", "misnamed.txt", "misnamed.json"}) {
    EXPECT_THAT(rows_of(name, csv, RowKind::completions),
                ElementsAre(ElementsAre("user:What, \"this\"?", "assistant:Two\nlines"),
                            ElementsAre("user:b", "assistant:c")));
  }
  EXPECT_THAT(rows_of("a.csv", "prompt;completion\na, b;c\n", RowKind::completions),
              ElementsAre(ElementsAre("user:a, b", "assistant:c")));
  EXPECT_THAT(rows_of("a.csv",
                      "messages\n\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"a\"\"},"
                      "{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"b\"\"}]\"\n",
                      RowKind::chat),
              ElementsAre(ElementsAre("user:a", "assistant:b")));
}

TEST(DataFormats, PlainText) {
  EXPECT_THAT(rows_of("a.txt", "\n\nOne,\ntwo.\n\n\n[Three]\r\n\r\nfour", RowKind::text),
              ElementsAre(ElementsAre("One,\ntwo."), ElementsAre("[Three]"), ElementsAre("four")));
}

TEST(DataFormats, WhatIsNone) {
  expect_error([] { check("a.jsonl", ""); }, {"is empty"});
  expect_error([] { check("a.jsonl", " \n\n"); }, {"is empty"});
  expect_error([] { check("a.csv", "a,b\n1,2\n"); }, {"neither JSON"});
  expect_error([] { check("a.json", std::string("\xFF\xFE{\0", 4)); }, {"UTF-16"});
  expect_error([] { check_data("/nowhere/a.jsonl", nullptr, {}); }, {"cannot be read"});
}

TEST(RowKinds, OtherNamesForThem) {
  EXPECT_THAT(rows_of("a.jsonl",
                      R"({"conversations":[{"from":"system","value":"s"},{"from":"human",)"
                      R"("value":"a"},{"from":"gpt","value":"b"}]})",
                      RowKind::chat),
              ElementsAre(ElementsAre("system:s", "user:a", "assistant:b")));
  EXPECT_THAT(
      rows_of("a.jsonl",
              R"({"instruction":"a","input":"","output":"b"})"
              "\n"
              R"({"instruction":"a","input":"i","output":"b"})",
              RowKind::completions),
      ElementsAre(ElementsAre("user:a", "assistant:b"), ElementsAre("user:a\n\ni", "assistant:b")));
  CheckOptions options;
  options.features.prompt = "question";
  options.features.completion = "answer";
  EXPECT_THAT(rows_of("a.jsonl", R"({"question":"a","answer":"b"})", RowKind::completions, options),
              ElementsAre(ElementsAre("user:a", "assistant:b")));
  EXPECT_THAT(rows_of("a.csv", "answer,question\nb,a\n", RowKind::completions, options),
              ElementsAre(ElementsAre("user:a", "assistant:b")));
}

TEST(RowKinds, InstructionsBesideTheConversation) {
  EXPECT_THAT(rows_of("a.jsonl",
                      R"({"system":"s","conversations":[{"from":"human","value":"a"},)"
                      R"({"from":"gpt","value":"b"}]})",
                      RowKind::chat),
              ElementsAre(ElementsAre("system:s", "user:a", "assistant:b")));
}

TEST(RowKinds, CompletionsOfMessages) {
  const std::string row =
      R"({"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
      R"({"role":"user","content":"c"}],"completion":[{"role":"assistant","content":"d"}]})";
  EXPECT_THAT(rows_of("a.jsonl", row, RowKind::completions),
              ElementsAre(ElementsAre("user:a", "assistant:b", "user:c", "assistant:d")));
  const ModelFolder folder;
  folder.write("a.jsonl", row);
  const auto encoder = tests::tiny_encoder();
  const CheckedRows checked = check_data(folder.path() / "a.jsonl", encoder.get(), {});
  EXPECT_THAT(tests::learnt(*encoder, encoder->encode(checked.rows.read(0)).sequence),
              ElementsAre("d<|end|>"))
      << "the answer in the prompt is context";
}

TEST(RowKinds, PartsOfContentAreJoined) {
  EXPECT_THAT(rows_of("a.jsonl",
                      R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},)"
                      R"({"type":"text","text":"b"}]},{"role":"assistant","content":"c"}]})",
                      RowKind::chat),
              ElementsAre(ElementsAre("user:ab", "assistant:c")));
}

TEST(RowKinds, Preferences) {
  const std::vector<std::string> wanted = {"user:a", "assistant:b", "assistant:c"};
  for (
      const char* row :
      {R"({"prompt":"a","chosen":"b","rejected":"c"})",
       R"({"prompt":[{"role":"user","content":"a"}],"chosen":[{"role":"assistant","content":"b"}],)"
       R"("rejected":[{"role":"assistant","content":"c"}]})",
       R"({"prompt":"a","chosen":[{"role":"user","content":"a"},{"role":"assistant","content":)"
       R"("b"}],"rejected":[{"role":"user","content":"a"},{"role":"assistant","content":"c"}]})",
       R"({"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],)"
       R"("rejected":[{"role":"user","content":"a"},{"role":"assistant","content":"c"}]})"}) {
    EXPECT_THAT(rows_of("a.jsonl", row, RowKind::preference), ElementsAre(wanted)) << row;
  }
  EXPECT_THAT(bad_rows(check("a.jsonl", R"({"prompt":"a","chosen":"b","rejected":"c"})"
                                        "\n"
                                        R"({"prompt":"a","chosen":"b"})"
                                        "\n"
                                        R"({"chosen":"b","rejected":"c"})"
                                        "\n"
                                        R"({"prompt":"a","chosen":"","rejected":"c"})"
                                        "\n"
                                        R"({"prompt":"a","chosen":3,"rejected":"c"})")
                           .report),
              ElementsAre(HasSubstr("2: none of"), "3: a preference without a prompt",
                          "4: \"chosen\" is empty", HasSubstr("5: \"chosen\" is number")));
}

TEST(DataCheck, EveryBadRowIsToldWithItsLine) {
  const std::string file =
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"  // 1
      "\n{\"messages\": [\n"                                                                // 2
      "\n"                                                                                  // 3
      "{\"text\": \"a\xFF\"}\n"                                                             // 4
      "{\"prompt\": \"a\"}\n"                                                               // 5
      "[1]\n"                                                                               // 6
      "{\"messages\": 3}\n"                                                                 // 7
      "{\"messages\": []}\n"                                                                // 8
      R"({"messages":[{"role":"robot","content":"a"}]})"
      "\n"  // 9
      R"({"messages":[{"role":"user","content":"a"}]})"
      "\n"  // 10
      R"({"messages":[{"role":"assistant","content":"a"}]})"
      "\n"  // 11
      R"({"messages":[{"role":"user","content":" "},{"role":"assistant","content":"b"}]})"
      "\n"
      R"({"messages":[{"role":"user"},{"role":"assistant","content":"b"}]})"
      "\n"  // 13
      R"({"messages":[{"role":"user","content":4},{"role":"assistant","content":"b"}]})"
      "\n"
      R"({"text":"a"})"
      "\n"  // 15
      R"({"messages":["a"]})"
      "\n"  // 16
      R"({"messages":[{"content":"a"}]})"
      "\n"  // 17
      R"({"messages":[{"role":"user","content":[{"type":"image"}]}]})"
      "\n"    // 18
      "{}\n"  // 19
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})";
  const DataReport report = check("a.jsonl", file).report;
  EXPECT_EQ(report.rows, 19);
  EXPECT_EQ(report.good, 2);
  EXPECT_EQ(report.bad, 17);
  const auto fourth = file.find('\xFF');
  EXPECT_THAT(bad_rows(report),
              testing::ElementsAreArray(std::vector<testing::Matcher<std::string>>{
                  "2: broken JSON at byte 15 of 14 of the record",
                  "4: not UTF-8: byte " + std::to_string(fourth) + " of the file, 0xFF",
                  HasSubstr("5: none of \"messages\", \"prompt\" with \"completion\", \"text\""),
                  "6: array where an object belongs",
                  "7: \"messages\" is number where a list belongs",
                  "8: a conversation without messages",
                  "9: message 1 has the unknown role \"robot\"",
                  "10: nothing to learn: no message is the assistant's",
                  "11: the assistant's message comes before any of the user's",
                  "12: message 1, the user's, is empty",
                  "13: message 1 has no \"content\"",
                  "14: message 1: \"content\" is number where a string belongs",
                  "15: a row of text among rows of chat",
                  "16: message 1 is string where an object belongs",
                  "17: message 1 has no \"role\" that is a string",
                  "18: message 1 has a part that is not text",
                  HasSubstr("19: none of"),
              }));
  EXPECT_THAT(report.bad_rows[2].reason, HasSubstr("there is: prompt"));
  expect_error([&] { refuse_bad_rows(report); }, {"17 of 19 rows cannot be trained on: line 2:"});
  EXPECT_THAT(report.summary(), HasSubstr("JSON lines, 19 rows (chat), 2 good, 17 bad; line 2"));
}

TEST(DataCheck, RowsOfArraysAreToldByLineAndNumber) {
  const DataReport report = check("a.json",
                                  "[\n{\"text\":\"a\"},\n{\"text\":1},\n{\"text\" \"b\"},\n"
                                  "{\"text\":\"c\"} {\"text\":\"d\"}\n] ]")
                                .report;
  EXPECT_EQ(report.good, 1);
  EXPECT_THAT(bad_rows(report),
              ElementsAre("3: \"text\" is number where a string belongs",
                          HasSubstr("4: broken JSON at byte 11"), HasSubstr("5: broken JSON"),
                          "6: more text behind the end of the array"));
  EXPECT_EQ(report.bad_rows[1].number, 3);
  EXPECT_THAT(bad_rows(check("a.json", "[{\"text\":\"a\"},\n").report),
              ElementsAre("2: the file ends before the array does"));
  EXPECT_THAT(bad_rows(check("a.json", "[{\"text\":\"a\"},\n{\"text\":\"b").report),
              ElementsAre(HasSubstr("2: broken JSON"), "2: the file ends before the array does"));
}

TEST(DataCheck, RowsOfCsvAreToldByTheLineTheyBeginOn) {
  const DataReport report =
      check("a.csv", "prompt,completion\n\"a\nb\",c\nonly one\na,\"b\"c\na,b\"c\"\nd,\n\"e,f\ng,h")
          .report;
  EXPECT_EQ(report.good, 1);
  EXPECT_THAT(bad_rows(report),
              ElementsAre("4: 1 fields where the header has 2",
                          "5: byte 5 of the record: text behind a closing quote",
                          HasSubstr("6: a quote at byte 3"), "7: \"completion\" is empty",
                          "8: the quote at byte 0 of the record never closes"));
}

TEST(DataCheck, OnlyTheFirstThousandBadRowsAreKept) {
  std::string lines = "{\"text\":\"a\"}\n";
  for (int i = 0; i < 1500; ++i) lines += "{}\n";
  const DataReport report = check("a.jsonl", lines).report;
  EXPECT_EQ(report.bad, 1500);
  EXPECT_EQ(report.bad_rows.size(), 1000u);
}

TEST(DataCheck, NestingAndSizeHaveBounds) {
  const std::string deep(100000, '[');
  EXPECT_THAT(bad_rows(check("a.jsonl", "{\"text\":\"a\"}\n{\"text\":" + deep + "\n").report),
              ElementsAre("2: JSON that nests deeper than 64 levels"));
  EXPECT_THAT(bad_rows(check("a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"" +
                                            std::string(size_t(largest_record), 'a') + "\"}\n")
                           .report),
              ElementsAre(HasSubstr("2: a record of 67108875 bytes")));
}

TEST(DataCheck, WithAnEncoderRowsAreMeasured) {
  const auto encoder = tests::tiny_encoder({.max_seq_length = 10});
  const std::string lines =
      "{\"prompt\":\"ab\",\"completion\":\"cde\"}\n"
      "{\"prompt\":\"ab\",\"completion\":\"cdefghij\"}\n"
      "{\"prompt\":\"abcdefghijkl\",\"completion\":\"c\"}\n";
  const DataReport report = check("a.jsonl", lines, encoder.get()).report;
  EXPECT_EQ(report.good, 2);
  EXPECT_EQ(report.bad, 0);
  EXPECT_EQ(report.truncated, 1);
  EXPECT_EQ(report.left_out, 1) << "nothing to learn before the limit";
  EXPECT_EQ(report.tokens, 9 + 10);
  EXPECT_EQ(report.longest, 14);
  EXPECT_FALSE(report.lengths_are_estimates);
}

TEST(DataCheck, LengthsOfLargeFilesAreEstimates) {
  const auto encoder = tests::tiny_encoder({.max_seq_length = 1000});
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "{\"text\":\"" + std::string(500, 'a') + "\"}\n";
  const DataReport report =
      check("a.jsonl", lines, encoder.get(), {.most_encoded_bytes = 1000}).report;
  EXPECT_TRUE(report.lengths_are_estimates);
  EXPECT_EQ(report.unsure, 0);
  EXPECT_NEAR(double(report.tokens), 100 * 501, 500);
}

TEST(DataCheck, ATemplateIsNeededForConversations) {
  const auto tokenizer = Tokenizer::load(tests::data_folder() / "models" / "tiny-chat");
  const RowEncoder encoder(tokenizer, std::nullopt, {});
  expect_error([&] { check("a.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}", &encoder); },
               {"no chat template"});
  EXPECT_EQ(check("a.jsonl", "{\"text\":\"a\"}", &encoder).report.good, 1);
}

TEST(DataCheck, NoGoodRowIsAnError) {
  expect_error([] { check("a.jsonl", "{\"text\":\"\"}\n"); }, {"line 1: \"text\" is empty"});
  const auto encoder = tests::tiny_encoder({.max_seq_length = 3, .drop_long = true});
  expect_error([&] { check("a.jsonl", "{\"text\":\"abcdef\"}\n", encoder.get()); },
               {"1 are left out as too long"});
}

TEST(DataCheck, CanBeWatchedAndCancelled) {
  std::stop_source stop;
  uint64_t seen = 0, total = 0;
  CheckOptions options;
  options.on_progress = [&](uint64_t done, uint64_t all) {
    seen = done;
    total = all;
    stop.request_stop();
  };
  options.cancel = stop.get_token();
  const std::string lines = tests::text_lines(5000);
  expect_error([&] { check("a.jsonl", lines, nullptr, options); }, {"cancelled"});
  EXPECT_EQ(total, lines.size());
  EXPECT_GT(seen, 0u);
  EXPECT_LT(seen, total / 2);
}

}  // namespace
}  // namespace quern::models
