#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Arguments = std::vector<std::string>;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

TEST(CliUsage, AWrongCallExplainsItselfAndExitsWith2) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  for (const Arguments& arguments : std::vector<Arguments>{
           {},
           {"no-such-verb"},
           {"logits"},
           {"logits", tiny_chat, "--tokens", "1"},
           {"logits", tiny_chat, "--tokens", "1,x", "--out", out},
           {"logits", tiny_chat, "--tokens", "1,,2", "--out", out},
           {"generate", tiny_chat},
           {"generate", tiny_chat, "--prompt", "a", "--tokens", "1"},
           {"generate", tiny_chat, "--tokens", "1", "--raw"},
           {"generate", tiny_chat, "--prompt", "a", "--no-such-flag"},
           {"generate", tiny_chat, "--prompt", "a", "--max-tokens", "many"},
           {"generate", tiny_chat, "--prompt", "a", "--logit-bias", "5:1"},
           {"tokenize", tiny_chat},
           {"tokenize", tiny_chat, "--text", "a", "--decode", "1"},
           {"render", tiny_chat},
       }) {
    const auto result = run_cli(arguments);
    EXPECT_EQ(result.exit_code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(result.out, IsEmpty()) << testing::PrintToString(arguments);
    EXPECT_THAT(result.error, HasSubstr("Usage:")) << testing::PrintToString(arguments);
  }
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(CliUsage, WithJsonAWrongCallIsAnErrorObject) {
  const auto result = run_cli({"logits", "--json"});
  EXPECT_EQ(result.exit_code, 2);
  ASSERT_EQ(result.objects().size(), 1u);
  EXPECT_THAT(result.objects()[0]["error"]["why"].get<std::string>(), HasSubstr("required"));
}

TEST(CliUsage, HelpListsTheVerbsThatExist) {
  const auto result = run_cli({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* verb : {"info", "logits", "generate", "chat", "tokenize", "render", "convert",
                           "fuse", "eval", "train", "train-tokenizer", "formats", "devices"}) {
    EXPECT_THAT(result.out, HasSubstr(std::string("  ") + verb + " "));
    EXPECT_EQ(run_cli({verb, "--help"}).exit_code, 0) << verb;
  }
  for (const char* verb : {"search", "serve"}) {
    EXPECT_THAT(result.out, Not(HasSubstr(std::string("  ") + verb + " ")));
  }
}

TEST(CliErrors, SayWhatWhyAndWhatToDo) {
  const TemporaryFolder folder;
  const struct {
    std::string model;
    const char* why;
  } cases[] = {
      {"/no/such/folder", "there is no folder /no/such/folder"},
      {"/no/such/model.gguf", "there is no folder /no/such/model.gguf"},
      {"mlx-community/Some-Model-4bit", "Hub"},
      {folder.path().string(), "config.json"},
  };
  for (const auto& [model, why] : cases) {
    const auto text = run_cli({"generate", model, "--prompt", "a"});
    EXPECT_EQ(text.exit_code, 1);
    EXPECT_THAT(text.out, IsEmpty());
    EXPECT_THAT(text.error, HasSubstr(why));
    EXPECT_EQ(std::count(text.error.begin(), text.error.end(), '\n'), 1) << text.error;

    const auto json = run_cli({"generate", model, "--prompt", "a", "--json"});
    EXPECT_EQ(json.exit_code, 1);
    ASSERT_EQ(json.objects().size(), 1u);
    const auto error = json.objects()[0]["error"];
    EXPECT_EQ(error["what"], "the text could not be generated");
    EXPECT_THAT(error["why"].get<std::string>(), HasSubstr(why));
    EXPECT_THAT(error["do"].get<std::string>(), Not(IsEmpty()));
  }
}

TEST(CliDevices, NamesTheProcessor) {
  const auto json = run_cli({"devices", "--json"});
  EXPECT_EQ(json.exit_code, 0);
  ASSERT_EQ(json.objects().size(), 1u);
  const auto device = json.objects()[0];
  EXPECT_GE(device["physical_cores"], 1);
  EXPECT_GT(device["memory"], 1 << 20);
  EXPECT_LE(device["available_memory"], device["memory"]);
  EXPECT_FALSE(device["name"].get<std::string>().empty());

  const auto text = run_cli({"devices"});
  EXPECT_THAT(text.out, HasSubstr(device["name"].get<std::string>()));
}

TEST(CliInfo, DescribesAModel) {
  const auto json = run_cli({"info", tiny_chat, "--context", "100", "--json"});
  EXPECT_EQ(json.exit_code, 0);
  ASSERT_EQ(json.objects().size(), 1u);
  const auto info = json.objects()[0];
  EXPECT_EQ(info["model_type"], "llama");
  // Three layers of attention (4 + 2 + 2 + 4 heads of 32) and MLP (3 times 128 x 256), two norms
  // each, the last norm, the embedding and the output head.
  EXPECT_EQ(info["parameters"],
            3 * (128 * 32 * 12 + 3 * 128 * 256 + 2 * 128) + 128 + 2 * 256 * 128);
  EXPECT_GT(info["bits_per_weight"], 4.0);
  EXPECT_LT(info["bits_per_weight"], 6.0);
  EXPECT_EQ(info["context"], 100);
  EXPECT_GE(info["memory"], info["weight_bytes"]);

  const auto text = run_cli({"info", tiny_chat});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("llama"));
}

}  // namespace
}  // namespace quern::tests
