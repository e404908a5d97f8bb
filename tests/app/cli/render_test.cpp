#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

using json = nlohmann::ordered_json;  // templates print objects in their order
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

class CliRender : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    const auto file = folder_.path() / name;
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

  TemporaryFolder folder_;
};

TEST_F(CliRender, RendersAModelsTemplate) {
  const std::string variables = write(
      "v.json", R"({"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":true})");
  const auto text = run_cli({"render", tiny_chat, "--variables", variables});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.out, "<|user|>Hi<|end|><|assistant|>");
  const auto object = run_cli({"render", tiny_chat, "--variables", variables, "--json"});
  EXPECT_EQ(object.objects().at(0), json({{"prompt", text.out}}));
}

TEST_F(CliRender, TokensComeFromTheModelUnlessTheVariablesNameThem) {
  const auto model = folder_.path() / "model";
  std::filesystem::create_directory(model);
  std::filesystem::copy(tiny_chat + "/tokenizer.json", model);
  write("model/tokenizer_config.json", R"({"eos_token":"<|end|>"})");
  write("model/chat_template.jinja", "{{ x }}{{ eos_token }}");
  const auto render = [&](const std::string& variables) {
    return run_cli({"render", model.string(), "--variables", write("v.json", variables)}).out;
  };
  EXPECT_EQ(render(R"({"x":"a"})"), "a<|end|>");
  EXPECT_EQ(render(R"({"x":"a","eos_token":"!"})"), "a!");
}

TEST_F(CliRender, ErrorsNameTheFile) {
  const auto bad_json = run_cli({"render", tiny_chat, "--variables", write("bad.json", "{")});
  EXPECT_EQ(bad_json.exit_code, 1);
  EXPECT_THAT(bad_json.error, HasSubstr("bad.json"));
  const auto no_object = run_cli({"render", tiny_chat, "--variables", write("list.json", "[]")});
  EXPECT_EQ(no_object.exit_code, 1);
  const std::string empty = write("v.json", "{}");
  const auto bad_template =
      run_cli({"render", write("bad.jinja", "{% if %}"), "--variables", empty});
  EXPECT_EQ(bad_template.exit_code, 1);
  EXPECT_THAT(bad_template.error, Not(IsEmpty()));
  EXPECT_EQ(run_cli({"render", "/no/such.jinja", "--variables", empty}).exit_code, 1);
}

/// The reference rendered on 14 March 2026; the program knows only today.
std::string with_todays_date(std::string text) {
  const std::string then = "14 Mar 2026";
  const std::time_t now = std::time(nullptr);
  char today[32];
  std::strftime(today, sizeof(today), "%d %b %Y", std::localtime(&now));
  for (size_t at; (at = text.find(then)) != std::string::npos;)
    text.replace(at, then.size(), today);
  return text;
}

TEST_F(CliRender, AgreesWithTheReferenceOnPublishedTemplates) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto templates = fixtures_folder() / "templates";
  for (const json& c : json::parse(std::ifstream(templates / "golden.json"))) {
    SCOPED_TRACE(c["template"].get<std::string>() + " " + c["case"].get<std::string>());
    const auto result = run_cli({"render", (templates / c["template"].get<std::string>()).string(),
                                 "--variables", write("v.json", c["variables"].dump()), "--json"});
    ASSERT_EQ(result.objects().size(), 1u);
    if (c.contains("error")) {
      EXPECT_EQ(result.exit_code, 1);
    } else {
      EXPECT_EQ(result.exit_code, 0) << result.out;
      EXPECT_EQ(result.objects()[0]["prompt"], with_todays_date(c["expected"].get<std::string>()));
    }
  }
}

}  // namespace
}  // namespace quern::tests
