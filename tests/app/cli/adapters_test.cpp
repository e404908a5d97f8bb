#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/io/safetensors.h"
#include "engine/ops/random.h"
#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

/// An adapter of mlx-lm's on two matrices of tiny-chat's last layer.
class CliAdapters : public testing::Test {
 protected:
  CliAdapters() {
    std::ofstream(path("adapter_config.json"))
        << R"({"num_layers": 1, "lora_parameters": {"rank": 4, "scale": 2.0, "dropout": 0.0}})";
    std::unordered_map<std::string, array> tensors;
    uint64_t seed = 0;
    for (const char* module : {"self_attn.q_proj", "self_attn.o_proj"}) {
      const std::string name = std::string("model.layers.2.") + module;
      for (const bool first : {true, false}) {
        const Shape shape = first ? Shape{128, 4} : Shape{4, 128};
        tensors.emplace(name + (first ? ".lora_a" : ".lora_b"),
                        random::normal(shape, float32, 0.0f, 0.3f, random::key(++seed)));
      }
    }
    save_safetensors(path("adapters.safetensors"), tensors);
  }

  std::string path(const std::string& name = {}) const {
    return (name.empty() ? folder_.path() : folder_.path() / name).string();
  }
  std::string answer(const std::string& model, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments = {"generate",     model, "--tokens", "5,6,7,8",
                                          "--max-tokens", "12",  "--exact"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto result = run_cli(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.error;
    return result.out;
  }
  std::vector<float> logits(const std::string& model,
                            const std::vector<std::string>& options = {}) const {
    const std::string file = path("logits.safetensors");
    std::vector<std::string> arguments = {"logits", model, "--tokens", "5,6,7,8",
                                          "--out",  file,  "--exact"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto result = run_cli(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.error;
    array values = load_safetensors(file).first.at("logits");
    values.eval();
    return {values.data<float>(), values.data<float>() + values.size()};
  }

  const TemporaryFolder folder_;
};

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, double(std::abs(a[i] - b.at(i))));
  return largest;
}

TEST_F(CliAdapters, AreHeardBesideTheModelAsMuchAsTheirStrengthSays) {
  EXPECT_NE(answer(tiny_chat, {"--adapter", path()}), answer(tiny_chat));
  EXPECT_EQ(answer(tiny_chat, {"--adapter", path() + ":0"}), answer(tiny_chat));
  EXPECT_GT(difference(logits(tiny_chat, {"--adapter", path() + ":0.5"}), logits(tiny_chat)), 1e-2);
  // Of low rank and alone in its matrices: twice a half is the whole.
  EXPECT_LT(
      difference(logits(tiny_chat, {"--adapter", path() + ":0.5", "--adapter", path() + ":0.5"}),
                 logits(tiny_chat, {"--adapter", path()})),
      1e-3);
}

TEST_F(CliAdapters, FuseIntoTheModel) {
  const std::vector<float> expected = logits(tiny_chat, {"--adapter", path()});
  const std::string exact = path("exact"), small = path("small");
  const auto made = run_cli({"fuse", tiny_chat, exact, "--adapter", path(), "--dequantize"});
  ASSERT_EQ(made.exit_code, 0) << made.error;
  EXPECT_THAT(made.out, HasSubstr("2 weights changed"));
  EXPECT_LT(difference(logits(exact), expected), 2e-2);
  const auto quantized = run_cli({"fuse", tiny_chat, small, "--adapter", path(), "--json"});
  ASSERT_EQ(quantized.exit_code, 0) << quantized.error;
  const auto report = quantized.objects().at(0);
  EXPECT_EQ(report["changed"], 2);
  EXPECT_EQ(report["quantized_again"], 2);
  EXPECT_NEAR(report["kept"].get<double>(), 1, 0.1);
  EXPECT_GT(report["rounding_error"].get<double>(), 0);
  EXPECT_EQ(run_cli({"info", small, "--json"}).objects().at(0)["quantization"],
            run_cli({"info", tiny_chat, "--json"}).objects().at(0)["quantization"]);
}

TEST_F(CliAdapters, FuseIntoAGgufFile) {
  QUERN_NEEDS_FIXTURES("training");
  const fs::path training = fixtures_folder() / "training" / "lora-adam";
  const std::string base = (training / "base").string(), file = path("fused.gguf");
  const fs::path adapter = folder_.path() / "trained";
  fs::create_directory(adapter);
  fs::copy_file(training / "adapter_config.json", adapter / "adapter_config.json");
  fs::copy_file(training / "final.safetensors", adapter / "adapters.safetensors");
  const auto gguf = run_cli(
      {"fuse", base, file, "--adapter", adapter.string(), "--format", "gguf", "--type", "F32"});
  ASSERT_EQ(gguf.exit_code, 0) << gguf.error;
  const auto expected = logits(base, {"--adapter", adapter.string()});
  EXPECT_LT(difference(logits(file), expected), 1e-3);
  EXPECT_GT(difference(logits(base), expected), 1e-2);
}

TEST_F(CliAdapters, StrengthOfAFusedOne) {
  const std::string half = path("half");
  const auto made = run_cli(
      {"fuse", tiny_chat, half, "--adapter", path(), "--strength", "0.5", "--format", "hf"});
  ASSERT_EQ(made.exit_code, 0) << made.error;
  EXPECT_LT(difference(logits(half), logits(tiny_chat, {"--adapter", path() + ":0.5"})), 2e-2);
}

TEST_F(CliAdapters, WhatCannotBeIsSaid) {
  const auto nowhere =
      run_cli({"generate", tiny_chat, "--tokens", "5", "--adapter", path("nowhere")});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.error, HasSubstr("nowhere"));
  EXPECT_EQ(run_cli({"fuse", tiny_chat, path("out")}).exit_code, 2);
  const auto infinite =
      run_cli({"fuse", tiny_chat, path("out"), "--adapter", path(), "--strength", "inf"});
  EXPECT_EQ(infinite.exit_code, 1);
  EXPECT_THAT(infinite.error, HasSubstr("strength"));
  EXPECT_FALSE(fs::exists(path("out")));
}

}  // namespace
}  // namespace quern::tests
