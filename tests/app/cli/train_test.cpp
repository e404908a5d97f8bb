#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"
#include "tests/training_metrics.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

class CliTrain : public testing::Test {
 protected:
  CliTrain() {
    std::string rows;
    for (int i = 0; i < 20; ++i)
      rows += R"({"prompt": "grind", "completion": "corn )" + std::to_string(i * i) + "\"}\n";
    write("rows.jsonl", rows);
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// To begin a training of some steps in a folder.
  std::vector<std::string> begin(const std::string& out, const std::string& data = "rows.jsonl",
                                 const std::string& iters = "8") const {
    return {"train",   tiny_chat,
            "--data",  path(data),
            "--out",   path(out),
            "--iters", iters,
            "--rank",  "4",
            "--json",  "--num-layers",
            "1",       "--steps-per-eval",
            "3",       "--save-every",
            "2",       "--learning-rate",
            "1e-3"};
  }
  std::vector<std::string> resume(const std::string& out) const {
    return {"train", "--resume", "--out", path(out), "--json"};
  }

  /// Without what depends on time and memory.
  std::vector<Json> metrics(const std::string& out) const {
    return tests::lasting_metrics(path(out));
  }
  int unfinished_files(const std::string& out) const {
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path(out)))
      count += entry.path().extension() == ".part";
    return count;
  }

  /// Expects exit code 1 and these words in the one error that is printed.
  void expect_refused(const std::vector<std::string>& arguments,
                      std::initializer_list<const char*> words) const {
    const ProcessResult result = run_cli(arguments);
    EXPECT_EQ(result.exit_code, 1);
    ASSERT_EQ(result.objects().size(), 1u) << result.out << result.error;
    const auto error = result.objects()[0]["error"];
    for (const char* word : words) EXPECT_THAT(error["why"].get<std::string>(), HasSubstr(word));
    EXPECT_FALSE(error["do"].get<std::string>().empty());
  }

  const TemporaryFolder folder_;
};

TEST_F(CliTrain, PrintsAnObjectForEveryReportUnderMlxLmsNames) {
  const ProcessResult result = run_cli(begin("out"));
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto objects = result.objects();
  EXPECT_EQ(objects.front()["begin"]["rows"], 20);
  EXPECT_EQ(objects.back()["done"]["end"], "finished");
  int steps = 0, validations = 0;
  for (const auto& object : objects) {
    if (object.contains("train_loss")) {
      ++steps;
      for (const char* name : {"iteration", "learning_rate", "iterations_per_second",
                               "tokens_per_second", "trained_tokens", "peak_memory"})
        EXPECT_TRUE(object.contains(name)) << name;
    }
    validations += object.contains("val_loss") && object.contains("val_time");
  }
  EXPECT_EQ(steps, 8);
  EXPECT_EQ(validations, 4);  // before the first step, after 3, 6 and the last
  EXPECT_EQ(run_cli({"generate", tiny_chat, "--adapter", path("out"), "--tokens", "5",
                     "--max-tokens", "2"})
                .exit_code,
            0);
}

/// Starts the program and kills it after so long, unless it has ended by then.
void run_and_kill(const std::vector<std::string>& arguments, std::chrono::milliseconds after) {
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> argv = {const_cast<char*>(QUERN_CLI)};
    for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
    argv.push_back(nullptr);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execv(QUERN_CLI, argv.data());
    _exit(127);
  }
  std::this_thread::sleep_for(after);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(CliTrain, KilledAtAnyMomentItGoesOn) {
  ASSERT_EQ(run_cli(begin("straight", "rows.jsonl", "60")).exit_code, 0);
  for (const int milliseconds : {5, 90, 140, 210, 170}) {
    const bool is_begun = fs::exists(path("killed/training.json"));
    run_and_kill(is_begun ? resume("killed") : begin("killed", "rows.jsonl", "60"),
                 std::chrono::milliseconds(milliseconds));
  }
  const bool is_begun = fs::exists(path("killed/training.json"));
  const ProcessResult last =
      run_cli(is_begun ? resume("killed") : begin("killed", "rows.jsonl", "60"));
  ASSERT_EQ(last.exit_code, 0) << last.out << last.error;
  EXPECT_EQ(metrics("killed"), metrics("straight"));
  for (const char* file : {"/adapters.safetensors", "/last/adapters.safetensors"})
    EXPECT_TRUE(read(std::string("killed") + file) == read(std::string("straight") + file)) << file;
  EXPECT_EQ(unfinished_files("killed"), 0);
}

TEST_F(CliTrain, CtrlCSavesAndEnds) {
  const ProcessResult stopped =
      run_cli(begin("out", "rows.jsonl", "100000"), {.interrupt_after = "train_loss"});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.error;
  const auto done = stopped.objects().back()["done"];
  EXPECT_EQ(done["end"], "stopped");
  const int steps = done["iterations"];
  char name[32];
  snprintf(name, sizeof(name), "%07d.safetensors", steps);
  EXPECT_TRUE(fs::exists(folder_.path() / "out" / "checkpoints" / name));
  std::vector<std::string> shorter = resume("out");
  shorter.insert(shorter.end(), {"--iters", std::to_string(steps + 2)});
  const ProcessResult ended = run_cli(shorter);
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_EQ(ended.objects().back()["done"]["iterations"], steps + 2);
}

TEST_F(CliTrain, AFullDiskCostsNoCheckpoint) {
  ASSERT_EQ(run_cli(begin("straight")).exit_code, 0);
  auto four = begin("out");
  four[7] = "4";
  ASSERT_EQ(run_cli(four).exit_code, 0);
  std::vector<std::string> longer = resume("out");
  longer.insert(longer.end(), {"--iters", "8"});
  const size_t checkpoint = fs::file_size(path("out/checkpoints/0000004.safetensors"));
  const ProcessResult full = run_cli(longer, {.file_size_limit = checkpoint - 1000});
  EXPECT_EQ(full.exit_code, 1);
  const auto error = full.objects().back()["error"];
  EXPECT_THAT(error["why"].get<std::string>(), HasSubstr("the checkpoint after 6 steps"));
  EXPECT_THAT(error["do"].get<std::string>(), HasSubstr("after 4 steps is whole"));
  EXPECT_EQ(unfinished_files("out"), 0);
  ASSERT_EQ(run_cli(longer).exit_code, 0);
  EXPECT_EQ(metrics("out").back(), metrics("straight").back());
}

TEST_F(CliTrain, BadRowsAreNamedByTheirLines) {
  const std::string good = R"({"prompt": "a", "completion": "b"})"
                           "\n";
  const auto refused = [&](const std::string& rows, std::initializer_list<const char*> words) {
    SCOPED_TRACE(rows);
    write("bad.jsonl", rows);
    expect_refused(begin("bad", "bad.jsonl"), words);
    EXPECT_FALSE(fs::exists(path("bad")));
  };
  refused(good + "{\"prompt\": \"caf\xe9\", \"completion\": \"b\"}\n", {"line 2", "UTF-8"});
  refused(good + good + "{\"prompt\": \n", {"line 3", "broken JSON"});
  refused("", {"empty"});
  refused(good + R"({"question": "a"})", {"line 2", "question"});
  refused(R"({"messages": [{"role": "assistant", "content": "b"}]})", {"line 1"});
  refused(R"({"prompt": "a", "chosen": "b", "rejected": "c"})", {"preference"});
  write("bad.jsonl", good + "{\n" + good);
  auto skipping = begin("bad", "bad.jsonl");
  skipping.push_back("--skip-bad-rows");
  const ProcessResult trained = run_cli(skipping);
  EXPECT_EQ(trained.exit_code, 0) << trained.out;
  EXPECT_EQ(trained.objects()[0]["begin"]["bad_rows"], 1);
}

TEST_F(CliTrain, RefusesWhatIsMissingOrTaken) {
  expect_refused(begin("out", "nothing.jsonl"), {"nothing.jsonl"});
  expect_refused({"train", path("nowhere"), "--data", path("rows.jsonl"), "--json"}, {"nowhere"});
  expect_refused(resume("out"), {"holds no training"});
  ASSERT_EQ(run_cli(begin("out")).exit_code, 0);
  expect_refused(begin("out"), {"holds a training already"});
}

TEST_F(CliTrain, TakesMlxLmsConfigAsYamlAndJson) {
  const std::string yaml = "model: " + tiny_chat + "\ntrain: true\nfine_tune_type: lora\n" +
                           "data: " + path("rows.jsonl") +
                           "\nnum_layers: 2\nbatch_size: 2\niters: 3\nval_batches: 25\n"
                           "learning_rate: 1e-4\nwandb: null\nresume_adapter_file: null\n"
                           "mask_prompt: false\noptimizer: adamw\noptimizer_config:\n  adamw:\n"
                           "    betas: [0.9, 0.98]\n" +
                           "adapter_path: \"" + path("from-yaml") + "\"\n" +
                           "lora_parameters:\n  keys: ['self_attn.q_proj']\n  rank: 4\n"
                           "  scale: 20.0\n  dropout: 0.0\nlr_schedule:\n  name: cosine_decay\n"
                           "  warmup: 1\n  warmup_init: 1e-7\n  arguments: [1e-4, 10, 1e-7]\n";
  write("config.yaml", yaml);
  const ProcessResult result = run_cli({"train", "--config", path("config.yaml"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.out;
  const Json config = Json::parse(read("from-yaml/adapter_config.json"));
  EXPECT_EQ(config["optimizer_config"]["adamw"]["betas"], Json({0.9, 0.98}));
  EXPECT_EQ(config["lora_parameters"]["keys"], Json({"self_attn.q_proj"}));
  EXPECT_EQ(config["learning_rate"], 1e-4);
  // What a training wrote of itself is a config too; flags come before it.
  const ProcessResult again = run_cli({"train", "--config", path("from-yaml/training.json"),
                                       "--out", path("again"), "--iters", "2", "--json"});
  ASSERT_EQ(again.exit_code, 0) << again.out;
  EXPECT_EQ(again.objects().back()["done"]["iterations"], 2);
}

TEST_F(CliTrain, BadYamlIsNamedByItsLine) {
  const auto refused = [&](const std::string& yaml, std::initializer_list<const char*> words) {
    SCOPED_TRACE(yaml);
    write("config.yml", yaml);
    expect_refused({"train", "--config", path("config.yml"), "--json"}, words);
  };
  refused("iters: 3\nseed: [1,\n", {"config.yml", "line 3"});
  refused("iters: 3\niters: 4\n", {"line 2", "iters comes twice"});
  refused("iters: 3\n---\niters: 4\n", {"2 YAML documents"});
  refused("seed: !!binary abc\n", {"line 1", "tag"});
  refused("learning_rate: .nan\n", {"no finite number"});
  refused("iters: many\n", {"iters is \"many\""});
  refused("iterations: 3\n", {"\"iterations\" is no setting"});
  refused("- 1\n", {"an object of settings"});
}

}  // namespace
}  // namespace quern::tests
