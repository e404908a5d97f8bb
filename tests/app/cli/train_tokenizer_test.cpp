#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/app/cli/process.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CliTrainTokenizer : public testing::Test {
 protected:
  CliTrainTokenizer() {
    std::ofstream(text_) << "The upper stone turns, the lower stone stays; the stones grind.\n";
    std::ofstream(records_) << R"({"messages": [{"role": "user", "content": "stone by stone"}]})"
                            << "\n";
    std::ofstream(chat_template_) << "{{ messages[0].content }}<|end|>";
  }

  const TemporaryFolder folder_;
  const std::string text_ = (folder_.path() / "a.txt").string();
  const std::string records_ = (folder_.path() / "b.jsonl").string();
  const std::string chat_template_ = (folder_.path() / "c.jinja").string();
  const std::string out_ = (folder_.path() / "out").string();
};

TEST_F(CliTrainTokenizer, LearnsFromTextAndRecords) {
  const auto made = run_cli({"train-tokenizer",
                             "--data",
                             text_,
                             records_,
                             "--out",
                             out_,
                             "--vocab-size",
                             "280",
                             "--min-frequency",
                             "1",
                             "--special",
                             "<|start|>",
                             "--user-defined",
                             "<think>",
                             "--eos",
                             "<|end|>",
                             "--pad",
                             "<|end|>",
                             "--chat-template",
                             chat_template_,
                             "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.error;
  const auto report = made.objects().at(0);
  EXPECT_EQ(report["path"], out_);
  EXPECT_EQ(report["vocab_size"], 280);
  EXPECT_EQ(report["merges"], 280 - 256 - 3);
  EXPECT_EQ(report["training_bytes"], 64 + 4 + 14);
  const auto ids = run_cli({"tokenize", out_, "--text", "<|start|> stone<think><|end|>", "--json"});
  ASSERT_EQ(ids.exit_code, 0) << ids.error;
  const auto tokens = ids.objects().at(0)["ids"];
  EXPECT_EQ(tokens.size(), 4u) << tokens;
  EXPECT_EQ(tokens[0], 0);
  EXPECT_EQ(tokens[2], 2);
  EXPECT_EQ(tokens[3], 1);

  const auto again = run_cli({"train-tokenizer", "--data", text_, "--out", out_});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.error, HasSubstr("tokenizer.json: exists already"));
  const auto forced = run_cli({"train-tokenizer", "--data", text_, "--out", out_, "--force"});
  EXPECT_EQ(forced.exit_code, 0) << forced.error;
  EXPECT_THAT(forced.out, HasSubstr("fewer than the 4096 asked for"));
}

TEST_F(CliTrainTokenizer, BadInputIsOneSentenceAndLeavesNothing) {
  std::ofstream(records_) << "{}\nnot JSON\n";
  const struct {
    std::vector<std::string> arguments;
    const char* why;
  } cases[] = {
      {{"--data", "/no/such/file"}, "/no/such/file"},
      {{"--data", records_}, "b.jsonl:2"},
      {{"--data", text_, "--vocab-size", "100"}, "100 tokens has no room"},
      {{"--data", text_, "--split", "words"}, "\"words\" is unknown"},
      {{"--data", "/dev/null"}, "no text"},
  };
  for (const auto& [arguments, why] : cases) {
    std::vector<std::string> all = {"train-tokenizer", "--out", out_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto result = run_cli(all);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.error, HasSubstr(why));
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
    EXPECT_FALSE(fs::exists(out_));
  }
  EXPECT_EQ(run_cli({"train-tokenizer", "--data", text_}).exit_code, 2);
}

}  // namespace
}  // namespace quern::tests
