#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/graph/eval.h"
#include "engine/io/safetensors.h"
#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using testing::HasSubstr;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

std::string joined(const array& ids) {
  const int32_t* begin = ids.data<int32_t>();
  return fmt::format("{}", fmt::join(begin, begin + ids.size(), ","));
}

struct Golden {
  explicit Golden(const fs::path& folder)
      : file((folder / "golden.safetensors").string()),
        tokens(file.load("tokens")),
        logits(file.load("logits")),
        greedy(file.load("greedy")) {
    eval(tokens, logits, greedy);
  }

  SafetensorsFile file;
  array tokens, logits, greedy;
};

/// Models with known answers: the small one of this repository, and the fixtures whose families
/// there are. The tolerance is larger for quantized ones.
struct GoldenModel {
  std::string name;
  fs::path folder() const {
    return name == "tiny-chat" ? fs::path(tiny_chat) : fixtures_folder() / "models" / name;
  }
  double tolerance() const {
    return name == "tiny-chat" || name.find("-q") != std::string::npos ? 5e-3 : 2e-3;
  }
};

/// The last row of what `logits` writes for these tokens.
std::vector<float> last_logits(const std::string& model, const std::string& tokens) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  run_cli({"logits", model, "--tokens", tokens, "--out", out, "--exact"});
  array logits = SafetensorsFile(out).load("logits");
  logits.eval();
  const float* end = logits.data<float>() + logits.size();
  return {end - logits.shape(1), end};
}

class CliGolden : public testing::TestWithParam<GoldenModel> {
 protected:
  void SetUp() override {
    if (GetParam().name != "tiny-chat") {
      QUERN_NEEDS_FIXTURES("models/" + GetParam().name);
    }
  }
};

TEST_P(CliGolden, LogitsAgreeWithTheReference) {
  const Golden golden(GetParam().folder());
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  const auto result = run_cli({"logits", GetParam().folder().string(), "--tokens",
                               joined(golden.tokens), "--out", out, "--exact"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const SafetensorsFile written(out);
  EXPECT_EQ(written.tensors().size(), 1u);
  array logits = written.load("logits");
  logits.eval();
  ASSERT_EQ(logits.shape(), golden.logits.shape());
  ASSERT_EQ(logits.dtype(), float32);
  double worst = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double expected = golden.logits.data<float>()[i];
    worst =
        std::max(worst, std::abs(logits.data<float>()[i] - expected) / (1 + std::abs(expected)));
  }
  EXPECT_LE(worst, GetParam().tolerance());
}

TEST_P(CliGolden, GreedyTokensAgreeWithTheReference) {
  const Golden golden(GetParam().folder());
  const auto result =
      run_cli({"generate", GetParam().folder().string(), "--tokens", joined(golden.tokens),
               "--max-tokens", std::to_string(golden.greedy.size()), "--exact", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto lines = result.objects();
  ASSERT_GE(lines.size(), 2u);
  std::string tokens = joined(golden.tokens);
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    const int32_t expected = golden.greedy.data<int32_t>()[i];
    const int32_t found = lines[i]["token"];
    if (found != expected) {
      const auto logits = last_logits(GetParam().folder().string(), tokens);
      const float best = logits[size_t(found)];
      EXPECT_LE(best - logits[size_t(expected)], GetParam().tolerance() * (1 + std::abs(best)))
          << "token " << i << " is " << found << " instead of " << expected;
      break;
    }
    tokens += fmt::format(",{}", expected);
    if (GetParam().name != "tiny-chat") {
      EXPECT_EQ(lines[i]["text"], "");
    }
  }
  const json done = lines.back()["done"];
  EXPECT_EQ(done["prompt_tokens"], golden.tokens.size());
  EXPECT_EQ(done["generation_tokens"], lines.size() - 1);
  EXPECT_GT(done["prompt_tps"], 0);
  EXPECT_GT(done["generation_tps"], 0);
  EXPECT_GT(done["peak_memory"], 0);
  if (lines.size() - 1 == golden.greedy.size()) {
    EXPECT_EQ(done["finish_reason"], "length");
  } else {
    EXPECT_EQ(done["finish_reason"], "stop");
  }
}

INSTANTIATE_TEST_SUITE_P(Models, CliGolden,
                         testing::Values(GoldenModel{"tiny-chat"}, GoldenModel{"llama"},
                                         GoldenModel{"llama-tied"},
                                         GoldenModel{"llama-linear-rope"}, GoldenModel{"mistral"},
                                         GoldenModel{"qwen2"}, GoldenModel{"qwen3"},
                                         GoldenModel{"llama-q3"}, GoldenModel{"llama-q4"},
                                         GoldenModel{"llama-q8"}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(CliLogits, WritesTheFileWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  const auto full = run_cli({"logits", tiny_chat, "--tokens", "1,2,3,4,5,6,7,8", "--out", out},
                            {.file_size_limit = 4096});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.error, HasSubstr("logits.safetensors"));
  EXPECT_TRUE(fs::is_empty(folder.path()));

  const auto no_folder = run_cli({"logits", tiny_chat, "--tokens", "1", "--out",
                                  (folder.path() / "none" / "x.safetensors").string()});
  EXPECT_EQ(no_folder.exit_code, 1);
}

TEST(CliLogits, RefusesTokensOutsideTheVocabulary) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  for (const char* tokens : {"1,256", "-1"}) {
    const auto result = run_cli({"logits", tiny_chat, "--tokens", tokens, "--out", out});
    EXPECT_EQ(result.exit_code, 1) << tokens;
    EXPECT_THAT(result.error, HasSubstr("256 tokens"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(CliGenerate, AnswersAPromptThroughTheTemplate) {
  const auto chat =
      run_cli({"generate", tiny_chat, "--prompt", "Hi", "--max-tokens", "8", "--json"});
  ASSERT_EQ(chat.exit_code, 0) << chat.error;
  // <|user|> H i <|end|> <|assistant|>
  EXPECT_EQ(chat.objects().back()["done"]["prompt_tokens"], 5);
  const auto system = run_cli({"generate", tiny_chat, "--prompt", "Hi", "--system", "Be kind",
                               "--max-tokens", "1", "--json"});
  EXPECT_EQ(system.objects().back()["done"]["prompt_tokens"], 5 + 2 + 7);
  const auto raw =
      run_cli({"generate", tiny_chat, "--prompt", "-", "--raw", "--max-tokens", "8", "--json"},
              {.input = "Hi"});
  EXPECT_EQ(raw.objects().back()["done"]["prompt_tokens"], 2);
}

TEST(CliGenerate, TheTextIsWhatTheTokensSay) {
  const std::vector<std::string> arguments = {
      "generate", tiny_chat, "--prompt", "Hi", "--max-tokens", "30", "--temp", "1", "--seed", "7"};
  const auto text = run_cli(arguments);
  std::vector<std::string> with_json = arguments;
  with_json.push_back("--json");
  const auto lines = run_cli(with_json).objects();
  std::string joined_text;
  for (size_t i = 0; i + 1 < lines.size(); ++i) joined_text += lines[i]["text"].get<std::string>();
  EXPECT_EQ(text.out, joined_text + "\n");
}

TEST(CliGenerate, SamplingFlagsReachTheSampler) {
  const auto tokens = [](std::vector<std::string> flags) {
    std::vector<std::string> arguments = {"generate",     tiny_chat, "--tokens", "1,2,3",
                                          "--max-tokens", "12",      "--json"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const auto result = run_cli(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.out;
    std::vector<int> ids;
    for (const json& line : result.objects()) {
      if (line.contains("token")) ids.push_back(line["token"]);
    }
    return ids;
  };
  EXPECT_EQ(tokens({"--temp", "0.9", "--seed", "3"}), tokens({"--temp", "0.9", "--seed", "3"}));
  EXPECT_NE(tokens({"--temp", "2", "--seed", "3"}), tokens({"--temp", "2", "--seed", "4"}));
  EXPECT_EQ(tokens({"--temp", "5", "--top-k", "1"}), tokens({}));
  EXPECT_EQ(tokens({"--logit-bias", "65=1000", "--logit-bias", "66=-1000"}),
            std::vector<int>(12, 65));
  const auto bad = run_cli({"generate", tiny_chat, "--tokens", "1", "--top-p", "2", "--json"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.objects().at(0)["error"]["why"].get<std::string>(), HasSubstr("top_p is 2"));
}

TEST(CliGenerate, StopTextsEndTheAnswer) {
  const auto text_of_65 = run_cli({"tokenize", tiny_chat, "--decode", "65,65,65"}).out;
  const auto stopped = run_cli({"generate", tiny_chat, "--prompt", "Hi", "--logit-bias", "65=1000",
                                "--stop", text_of_65.substr(0, text_of_65.size() - 1), "--json"});
  EXPECT_EQ(stopped.objects().back()["done"]["generation_tokens"], 3);
  EXPECT_EQ(stopped.objects().back()["done"]["finish_reason"], "stop");
  for (const json& line : stopped.objects()) EXPECT_EQ(line.value("text", ""), "");
}

TEST(CliGenerate, DraftsDoNotChangeTheAnswer) {
  const std::vector<std::string> arguments = {"generate", tiny_chat,      "--prompt", "Hi Hi Hi Hi",
                                              "--exact",  "--max-tokens", "40",       "--json"};
  const auto tokens = [&](std::vector<std::string> more) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), more.begin(), more.end());
    const auto lines = run_cli(all).objects();
    std::vector<int> ids;
    for (size_t i = 0; i + 1 < lines.size(); ++i) ids.push_back(lines[i]["token"]);
    return std::pair(ids, lines.back()["done"]);
  };
  const auto [plain, plain_done] = tokens({});
  EXPECT_FALSE(plain_done.contains("drafted_tokens"));
  const auto [drafted, done] = tokens({"--draft", tiny_chat, "--draft-tokens", "3"});
  EXPECT_EQ(drafted, plain);
  EXPECT_GT(done["drafted_tokens"], 0);
  EXPECT_EQ(done["accepted_tokens"], done["drafted_tokens"]);
  EXPECT_EQ(tokens({"--ngram"}).first, plain);
}

TEST(CliGenerate, LogProbabilitiesComeWithTheTokens) {
  const auto lines = run_cli({"generate", tiny_chat, "--tokens", "1,2,3", "--max-tokens", "3",
                              "--logprobs", "2", "--json"})
                         .objects();
  ASSERT_GE(lines.size(), 2u);
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    ASSERT_EQ(lines[i]["top"].size(), 2u);
    EXPECT_EQ(lines[i]["top"][0]["token"], lines[i]["token"]) << "greedy";
    EXPECT_EQ(lines[i]["top"][0]["logprob"], lines[i]["logprob"]);
    EXPECT_GE(lines[i]["logprob"].get<double>(), lines[i]["top"][1]["logprob"].get<double>());
  }
  EXPECT_EQ(run_cli({"generate", tiny_chat, "--tokens", "1", "--logprobs", "2"}).exit_code, 1);
}

TEST(CliGenerate, KeysAndValuesMayTakeFewerBits) {
  EXPECT_EQ(run_cli({"generate", tiny_chat, "--tokens", "1,2,3", "--max-tokens", "5", "--kv-bits",
                     "8", "--kv-group-size", "32"})
                .exit_code,
            0);
  const auto bad = run_cli({"generate", tiny_chat, "--tokens", "1", "--kv-bits", "5", "--json"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.objects().at(0)["error"]["why"].get<std::string>(), HasSubstr("kv_bits is 5"));
  EXPECT_EQ(run_cli({"generate", tiny_chat, "--tokens", "1", "--kv-start", "5"}).exit_code, 2);
}

TEST(CliGenerate, ThePromptIsKeptInAFile) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "prompt.safetensors").string();
  const auto run = [&](const std::string& tokens) {
    return run_cli({"generate", tiny_chat, "--tokens", tokens, "--max-tokens", "8",
                    "--prompt-cache", file, "--exact", "--json"})
        .objects();
  };
  const auto without = [](json lines) {
    for (json& line : lines) {
      if (line.contains("done")) line = {};
    }
    return lines;
  };
  const auto first = run("1,2,3,4,5,6,7,8");
  EXPECT_FALSE(first.back()["done"].contains("cached_tokens"));
  const auto again = run("1,2,3,4,5,6,7,8");
  EXPECT_EQ(again.back()["done"]["cached_tokens"], 7);
  EXPECT_EQ(without(again), without(first));
  EXPECT_EQ(run("1,2,3,9,9").back()["done"]["cached_tokens"], 3);

  std::ofstream(file, std::ios::binary) << "nothing";
  const auto broken = run("1,2,3");
  EXPECT_THAT(broken.at(0)["error"]["why"].get<std::string>(), HasSubstr("prompt.safetensors"));
}

TEST(CliGenerate, APromptLongerThanTheContextIsRefusedWithBothNumbers) {
  const std::string prompt(600, 'a');
  const auto result = run_cli({"generate", tiny_chat, "--raw", "--prompt", prompt});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("600"));
  EXPECT_THAT(result.error, HasSubstr("512"));
}

TEST(CliGenerate, CtrlCStopsTheAnswerAndKeepsWhatThereIs) {
  // A context that is not full before the signal arrives, however busy the machine.
  const TemporaryFolder folder;
  const auto model = folder.path() / "model";
  std::filesystem::copy(tiny_chat, model);
  auto config = nlohmann::json::parse(std::ifstream(model / "config.json"));
  config["max_position_embeddings"] = 65536;
  std::ofstream(model / "config.json") << config;

  const auto result = run_cli({"generate", model.string(), "--tokens", "1,2,3", "--logit-bias",
                               "65=1000", "--max-tokens", "-1", "--json"},
                              {.interrupt_after = "\n{\"token\":65"});
  EXPECT_EQ(result.exit_code, 130);
  const auto lines = result.objects();
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines.back()["done"]["finish_reason"], "cancelled");
  EXPECT_LT(lines.size(), 65000u);
}

}  // namespace
}  // namespace quern::tests
