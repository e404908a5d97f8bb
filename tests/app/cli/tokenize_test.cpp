#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

using json = nlohmann::ordered_json;
using testing::HasSubstr;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

std::string write_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

TEST(CliTokenize, TurnsTextIntoIdsAndBack) {
  const auto ids = run_cli({"tokenize", tiny_chat, "--text", "Hi <|end|>é", "--json"});
  ASSERT_EQ(ids.exit_code, 0) << ids.error;
  ASSERT_EQ(ids.objects().size(), 1u);
  const auto list = ids.objects()[0]["ids"].get<std::vector<int>>();
  EXPECT_EQ(list.size(), 6u);  // three bytes, a special token, two bytes

  const std::string joined = fmt::format("{}", fmt::join(list, ","));
  EXPECT_EQ(run_cli({"tokenize", tiny_chat, "--text", "Hi <|end|>é"}).out, joined + "\n");
  const auto decode = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"tokenize", tiny_chat, "--decode", joined, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_cli(arguments).objects().at(0)["text"].get<std::string>();
  };
  EXPECT_EQ(decode({}), "Hi é");
  EXPECT_EQ(decode({"--special"}), "Hi <|end|>é");
}

TEST(CliTokenize, ReadsFilesAndStandardInput) {
  const TemporaryFolder folder;
  const std::string text = "two\nlines\n";
  const auto expected = run_cli({"tokenize", tiny_chat, "--text", text}).out;
  const std::string file = write_file(folder.path() / "text.txt", text);
  EXPECT_EQ(run_cli({"tokenize", tiny_chat, "--file", file}).out, expected);
  EXPECT_EQ(run_cli({"tokenize", tiny_chat, "--file", "-"}, {.input = text}).out, expected);

  const auto missing = run_cli({"tokenize", tiny_chat, "--file", "/no/such/file"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.error, HasSubstr("/no/such/file"));
}

TEST(CliTokenize, ABatchNamesTheLineThatIsWrong) {
  const TemporaryFolder folder;
  const std::string file =
      write_file(folder.path() / "batch.jsonl", "{\"text\":\"a\"}\n\n{\"txt\":1}\n");
  const auto result = run_cli({"tokenize", tiny_chat, "--batch", file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("batch.jsonl:3"));
}

/// Every case of every tokenizer, by two runs of the program each.
TEST(CliTokenize, AgreesWithTheReferenceOnPublishedVocabularies) {
  QUERN_NEEDS_FIXTURES("tokenizers");
  const TemporaryFolder folder;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures_folder() / "tokenizers")) {
    if (json::parse(std::ifstream(entry.path() / "tokenizer.json"))["model"]["type"] == "Unigram") {
      std::cout << "NOT SUPPORTED YET: " << entry.path().filename() << " (Unigram)\n";
      continue;
    }
    const json cases = json::parse(std::ifstream(entry.path() / "golden.json"));
    std::string lines;
    for (const json& c : cases) {
      lines += json{{"text", c["text"]}}.dump() + "\n" + json{{"ids", c["ids"]}}.dump() + "\n";
    }
    const std::string batch = write_file(folder.path() / "batch.jsonl", lines);
    const auto plain = run_cli({"tokenize", entry.path().string(), "--batch", batch, "--json"});
    const auto special =
        run_cli({"tokenize", entry.path().string(), "--batch", batch, "--special", "--json"});
    ASSERT_EQ(plain.exit_code, 0) << entry.path() << ": " << plain.error;
    const auto answers = plain.objects(), special_answers = special.objects();
    ASSERT_EQ(answers.size(), 2 * cases.size());
    for (size_t i = 0; i < cases.size(); ++i) {
      const json& c = cases[i];
      EXPECT_EQ(answers[2 * i]["ids"], c["ids"]) << entry.path() << ": " << c["text"];
      EXPECT_EQ(special_answers[2 * i]["ids"], c["ids_with_special"])
          << entry.path() << ": " << c["text"];
      const json& text = answers[2 * i + 1]["text"];
      EXPECT_TRUE(text == c["decoded"] || text == c.value("decoded_alt", json()))
          << entry.path() << ": " << text << " instead of " << c["decoded"];
    }
  }
}

}  // namespace
}  // namespace quern::tests
