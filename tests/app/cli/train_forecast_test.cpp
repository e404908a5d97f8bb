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
using json = nlohmann::ordered_json;
using testing::HasSubstr;

class CliTrainForecast : public testing::Test {
 protected:
  CliTrainForecast() {
    std::ofstream rows(data_);
    for (int i = 0; i < 8; ++i)
      rows << json{{"prompt", "How many stones?"}, {"completion", "Two, " + std::to_string(i)}}
           << '\n';
  }

  std::string path(const char* name) const { return (folder_.path() / name).string(); }

  const TemporaryFolder folder_;
  const std::string data_ = path("rows.jsonl"), out_ = path("out");
  const fs::path tiny_chat_ = data_folder() / "models" / "tiny-chat";
};

TEST_F(CliTrainForecast, IsSaidWithoutTraining) {
  const auto said = run_cli({"train", tiny_chat_.string(), "--data", data_, "--num-layers", "-1",
                             "--out", out_, "--forecast", "--json"});
  ASSERT_EQ(said.exit_code, 0) << said.error;
  ASSERT_EQ(said.objects().size(), 1u);
  const json memory = said.objects()[0]["begin"]["memory"];
  size_t parts = 0;
  for (const char* part :
       {"weights", "parameters", "optimizer", "gradients", "activations", "logits", "working"})
    parts += memory[part].get<size_t>();
  EXPECT_EQ(memory["peak"], parts);
  EXPECT_EQ(memory["total"], parts + memory["mapped_weights"].get<size_t>());
  EXPECT_EQ(memory["rows"], 4);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(CliTrainForecast, WhatDoesNotFitIsRefused) {
  const fs::path huge = path("huge");
  fs::create_directory(huge);
  for (const fs::directory_entry& entry : fs::directory_iterator(tiny_chat_)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") || name.ends_with(".jinja"))
      fs::copy_file(entry.path(), huge / name);
  }
  fs::remove(huge / "model.safetensors.index.json");
  json config = json::parse(std::ifstream(huge / "config.json"));
  config["hidden_size"] = config["intermediate_size"] = 1 << 19;
  config.erase("quantization");
  std::ofstream(huge / "config.json") << config;
  const auto refused = run_cli({"train", huge.string(), "--data", data_, "--out", out_});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error, HasSubstr("of memory are needed"));
  EXPECT_THAT(refused.error, HasSubstr("are there"));
  EXPECT_FALSE(fs::exists(out_));
}

}  // namespace
}  // namespace quern::tests
