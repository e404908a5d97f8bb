#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

TEST(CliConstrained, AnswersMeetASchemaOrAPattern) {
  const std::string schema =
      R"({"type": "object", "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 9},)"
      R"( "b": {"enum": ["x", "y"]}}, "required": ["a", "b"], "additionalProperties": false})";
  const auto json = run_cli({"generate", tiny_chat, "--prompt", "Hi", "--json-schema", schema});
  ASSERT_EQ(json.exit_code, 0) << json.error;
  const auto value = nlohmann::json::parse(json.out);
  EXPECT_LE(value["a"].get<int>(), 9);
  EXPECT_THAT(value["b"].get<std::string>(), testing::AnyOf("x", "y"));

  const auto text = run_cli({"generate", tiny_chat, "--prompt", "Hi", "--regex", "[ab]{4}-\\d",
                             "--temp", "1", "--seed", "3"});
  ASSERT_EQ(text.exit_code, 0) << text.error;
  EXPECT_THAT(text.out, testing::MatchesRegex("[ab][ab][ab][ab]-[0-9]\n"));

  const auto wrong = run_cli({"generate", tiny_chat, "--prompt", "Hi", "--json-schema", "{\"a"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.error, HasSubstr("not valid JSON"));
}

// What the model says is forced, so that there is something to take apart.
TEST(CliConstrained, AnswersAreTakenApart) {
  const TemporaryFolder folder;
  const fs::path model = folder.path() / "model";
  fs::copy(tiny_chat, model);
  std::ofstream(model / "chat_template.jinja")
      << "{% for m in messages %}{{ m.content }}{% endfor %}{% for t in tools %}{{ t.name }}"
         "{% endfor %}{# <think></think> <tool_call> tool_call.name #}";
  const auto result = run_cli(
      {"generate", model.string(), "--prompt", "Hi", "--json", "--tools", "[{\"name\": \"add\"}]",
       "--regex",
       R"(<think>hm</think>ok<tool_call>\{"name": "add", "arguments": \{"x": 1\}\}</tool_call>)"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto done = result.objects().back()["done"];
  EXPECT_EQ(done["reasoning"], "hm");
  EXPECT_EQ(done["content"], "ok");
  EXPECT_EQ(done["tool_calls"],
            nlohmann::ordered_json::parse(R"([{"name": "add", "arguments": {"x": 1}}])"));
}

}  // namespace
}  // namespace quern::tests
