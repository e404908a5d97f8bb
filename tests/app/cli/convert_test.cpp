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

std::string answer_of(const std::string& model) {
  const auto result =
      run_cli({"generate", model, "--tokens", "5,6,7,8", "--max-tokens", "12", "--exact"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  return result.out;
}

TEST(CliConvert, QuantizesAndGoesBack) {
  const TemporaryFolder folder;
  const std::string small = (folder.path() / "small").string();
  const auto made =
      run_cli({"convert", tiny_chat, small, "--bits", "8", "--group-size", "32", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.error;
  EXPECT_NEAR(made.objects().at(0)["bits_per_weight"].get<double>(), 10.0, 0.2);  // with scales
  const auto info = run_cli({"info", small, "--json"});
  EXPECT_EQ(info.objects().at(0)["quantization"], "affine, 8 bits, groups of 32");

  const std::string plain = (folder.path() / "plain").string();
  ASSERT_EQ(run_cli({"convert", small, plain, "--format", "hf"}).exit_code, 0);
  EXPECT_EQ(run_cli({"info", plain, "--json"}).objects().at(0)["quantization"], "none");
  EXPECT_EQ(answer_of(plain), answer_of(small));
}

TEST(CliConvert, RulesSayMoreOfSomeWeights) {
  const TemporaryFolder folder;
  const std::string made = (folder.path() / "made").string();
  const auto result = run_cli({"convert", tiny_chat, made, "--bits", "4", "--group-size", "32",
                               "--rule", "down_proj=8:32", "--rule", "embed_tokens=none"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  std::ifstream in(fs::path(made) / "config.json");
  const auto config = nlohmann::json::parse(in);
  const auto& quantization = config["quantization"];
  EXPECT_EQ(quantization["bits"], 4);
  EXPECT_EQ(quantization["model.layers.0.mlp.down_proj"]["bits"], 8);
  EXPECT_FALSE(fs::exists(made + ".partial"));
}

TEST(CliConvert, NothingIsOverwrittenAndNonsenseIsRefused) {
  const TemporaryFolder folder;
  const auto there = run_cli({"convert", tiny_chat, folder.path().string(), "--bits", "4"});
  EXPECT_EQ(there.exit_code, 1);
  EXPECT_THAT(there.error, HasSubstr(folder.path().string()));
  const std::string made = (folder.path() / "made").string();
  const auto bits = run_cli({"convert", tiny_chat, made, "--bits", "7"});
  EXPECT_EQ(bits.exit_code, 1);
  EXPECT_THAT(bits.error, HasSubstr("7"));
  const auto rule = run_cli({"convert", tiny_chat, made, "--rule", "lm_head=4x"});
  EXPECT_EQ(rule.exit_code, 1);
  EXPECT_THAT(rule.error, HasSubstr("lm_head=4x"));
  EXPECT_FALSE(fs::exists(made));
}

TEST(CliFormats, ListsFamiliesAndForms) {
  const auto result = run_cli({"formats"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("| Qwen3 | `qwen3` | `qwen3` |"));
  EXPECT_GT(run_cli({"formats", "--json"}).objects().size(), 50u);
}

}  // namespace
}  // namespace quern::tests
