#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"

namespace quern::tests {
namespace {

using json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

TEST(CliChat, ReadsMessagesUntilTheEnd) {
  const auto result =
      run_cli({"chat", tiny_chat, "--max-tokens", "5", "--temp", "0"}, {.input = "Hi\nMore\n"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  // The second prompt begins with the first one and its answer.
  EXPECT_THAT(result.error, HasSubstr("5 prompt tokens,"));
  EXPECT_THAT(result.error, HasSubstr("of them kept)"));
}

TEST(CliChat, ObeysCommands) {
  const auto result = run_cli(
      {"chat", tiny_chat, "--max-tokens", "3", "--json"},
      {.input =
           "/help\n/regenerate\n/wrong\nHi\n/regenerate\n/new\n/system Kind\nHi\n/quit\nHi\n"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.error, HasSubstr("/quit"));
  EXPECT_THAT(result.error, HasSubstr("nothing to answer"));
  EXPECT_THAT(result.error, HasSubstr("/wrong is not a command"));
  std::vector<int> prompt_tokens;
  for (const json& line : result.objects()) {
    if (line.contains("done")) prompt_tokens.push_back(line["done"]["prompt_tokens"]);
  }
  EXPECT_EQ(prompt_tokens, (std::vector<int>{5, 5, 5 + 2 + 4}));
}

TEST(CliChat, RefusesAModelWithoutATemplate) {
  QUERN_NEEDS_FIXTURES("models/llama");
  const auto result = run_cli({"chat", (fixtures_folder() / "models" / "llama").string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("template"));
  EXPECT_THAT(result.out, IsEmpty());
}

}  // namespace
}  // namespace quern::tests
