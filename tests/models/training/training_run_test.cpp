#include "models/training/training_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "models/adapters/adapter.h"
#include "models/adapters/adapter_files.h"
#include "models/language_model.h"
#include "models/training/prepared_training.h"
#include "tests/models/logits_of.h"
#include "tests/models/training/tiny_training.h"
#include "tests/training_metrics.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using namespace models;
using Json = nlohmann::json;

/// A plan on tiny-chat with rows that are short, and the folders for it.
class TrainingRun : public testing::Test {
 protected:
  TrainingRun() {
    std::string rows;
    const std::vector<std::string> words = {"mill", "corn", "stone", "hand", "grind", "day"};
    for (size_t i = 0; i < 24; ++i) {
      std::string answer = words[i % 6];
      for (size_t j = 0; j < i % 4; ++j) answer += " " + words[(i + j) % 6];
      rows += Json{{"prompt", words[i * 5 % 6]}, {"completion", answer}}.dump() + "\n";
    }
    folder_.write("rows.jsonl", rows);
    plan_.model = data_folder() / "models" / "tiny-chat";
    plan_.data = folder_.path() / "rows.jsonl";
    plan_.options.update({{"num_layers", 1},
                          {"iters", 12},
                          {"batch_size", 2},
                          {"learning_rate", 1e-3},
                          {"steps_per_eval", 4},
                          {"save_every", 5}},
                         "test");
  }

  fs::path path(const std::string& name) const { return folder_.path() / name; }

  /// Runs into a folder; stops after the checkpoint of so many steps.
  TrainingOutcome run(const std::string& out, bool resume = false, int64_t stop_after = -1) {
    std::stop_source stop;
    plan_.out = path(out);
    PreparedTraining training(plan_);
    return training.run(resume, {.report =
                                     [&](const TrainingEvent& event) {
                                       const auto* saved = std::get_if<CheckpointSaved>(&event);
                                       if (saved && saved->iteration == stop_after)
                                         stop.request_stop();
                                     },
                                 .stop = stop.get_token()});
  }

  /// The batches that the plan's runs validate on.
  std::unique_ptr<BatchSource> held_out() const {
    Tokenizer tokenizer = Tokenizer::load(plan_.model);
    ChatTemplate chat_template(tokenizer.chat_template(), tokenizer.bos_token(),
                               tokenizer.eos_token());
    const auto encoder = std::make_shared<const RowEncoder>(
        std::move(tokenizer), std::move(chat_template), EncodeOptions{});
    return Dataset::open(plan_.data, encoder, {}).valid_batches({.batch_size = 2});
  }

  /// Without what depends on time and memory.
  std::vector<Json> metrics(const std::string& out) const {
    return tests::lasting_metrics(path(out));
  }

  /// Straight, and stopped after 5 and 10 steps: the same in every bit.
  void expect_resumable(const Json& settings) {
    SCOPED_TRACE(settings.dump());
    fs::remove_all(path("straight"));
    fs::remove_all(path("paused"));
    plan_.update(settings, "test");
    const TrainingOutcome straight = run("straight");
    ASSERT_EQ(run("paused", false, 5).end, TrainingOutcome::End::stopped);
    ASSERT_EQ(run("paused", true, 10).end, TrainingOutcome::End::stopped);
    const TrainingOutcome paused = run("paused", true);
    EXPECT_EQ(paused.end, straight.end);
    EXPECT_EQ(paused.iterations, straight.iterations);
    EXPECT_EQ(paused.best_loss, straight.best_loss);
    EXPECT_EQ(metrics("paused"), metrics("straight"));
    for (const char* file : {"adapters.safetensors", "last/adapters.safetensors"})
      EXPECT_TRUE(folder_.read(std::string("paused/") + file) ==
                  folder_.read(std::string("straight/") + file))
          << file;
  }

  const ModelFolder folder_;
  TrainingPlan plan_;
};

TEST_F(TrainingRun, GoesOnAsIfItHadNeverStopped) {
  expect_resumable(Json::object());
  expect_resumable({{"steps_per_report", 3},
                    {"grad_accumulation_steps", 2},
                    {"lora_parameters", {{"rank", 4}, {"dropout", 0.3}}}});
  expect_resumable({{"dtype", "float16"}, {"epochs", 2.2}, {"early_stopping_patience", 9}});
  expect_resumable({{"pack", true}, {"iters", 13}, {"dtype", "float32"}, {"max_seq_length", 64}});
}

TEST_F(TrainingRun, KeepsTheBestAndTheLast) {
  plan_.update({{"learning_rate", 0.3},
                {"early_stopping_patience", 2},
                {"max_grad_norm", 0},
                {"iters", 40},
                {"optimizer", "sgd"},
                {"steps_per_eval", 2}},
               "test");
  const TrainingOutcome outcome = run("out");
  EXPECT_EQ(outcome.end, TrainingOutcome::End::early_stopped);
  EXPECT_EQ(outcome.iterations, *outcome.best_iteration + 4);
  // The best loss is that of the parameters that were kept as the result.
  const auto loss_of = [&](const std::string& adapter) {
    const TrainableModel model(ModelFiles::open(plan_.model), plan_.options.adapter);
    nn::Parameters parameters;
    for (const auto& [name, value] : read_tensors(path(adapter))) parameters.emplace(name, value);
    const auto valid = held_out();
    Trainer trainer(model, plan_.options, *valid);
    TrainerState state = trainer.state();
    state.parameters = parameters;
    trainer.restore(std::move(state));
    return trainer.validate(*valid, -1).loss;
  };
  EXPECT_NEAR(loss_of("out/adapters.safetensors"), *outcome.best_loss, 1e-5);
  EXPECT_GT(loss_of("out/last/adapters.safetensors"), *outcome.best_loss);
}

TEST_F(TrainingRun, RefusesToGoOnWithAnythingElse) {
  run("out", false, 5);
  plan_.options.learning_rate = 2e-3;
  expect_error([&] { run("out", true); }, {"learning_rate was 0.001", "0.002"});
  plan_.options.learning_rate = 1e-3;
  folder_.write("rows.jsonl", folder_.read("rows.jsonl") + R"({"prompt":"a","completion":"b"})");
  expect_error([&] { run("out", true); }, {"the data is not what the training began with"});
}

TEST_F(TrainingRun, MayBecomeLonger) {
  run("straight");
  plan_.options.iters = 7;
  run("out");
  plan_.options.iters = 12;
  EXPECT_EQ(run("out", true).iterations, 12);
  EXPECT_EQ(metrics("out").back(), metrics("straight").back());
  EXPECT_EQ(plan_of_folder(path("out")).options.iters, 12);
}

TEST_F(TrainingRun, EndsWhenNoStepIsFinite) {
  plan_.update({{"lora_parameters", {{"scale", 1e38}}},
                {"optimizer", "sgd"},
                {"iters", 300},
                {"steps_per_eval", 0},
                {"max_grad_norm", 0}},
               "test");
  expect_error([&] { run("out"); }, {"not finite in 50 steps in a row"});
}

TEST_F(TrainingRun, RefusesAFolderThatIsTakenOrInUse) {
  run("out", false, 5);
  expect_error([&] { run("out"); }, {"holds a training already"});
  expect_error([&] { run("nothing", true); }, {"holds no training"});
  const FolderLock lock(path("out"));
  expect_error([&] { run("out", true); }, {"another program is training into it"});
}

TEST_F(TrainingRun, WhatACrashLeftDoesNotStandInTheWay) {
  fs::create_directories(path("out/checkpoints"));
  folder_.write("out/training.json.part", "{");
  run("out", false, 5);
  folder_.write("out/checkpoints/0000009.safetensors.part", "half");
  folder_.write("out/metrics.jsonl", folder_.read("out/metrics.jsonl") + R"({"iteration": 5, "tr)");
  EXPECT_EQ(run("out", true).iterations, 12);
  run("straight");
  EXPECT_EQ(metrics("out"), metrics("straight"));
  EXPECT_FALSE(fs::exists(path("out/checkpoints/0000009.safetensors.part")));
  EXPECT_FALSE(fs::exists(path("out/training.json.part")));
}

TEST_F(TrainingRun, AdaptersCanBeReadAgain) {
  for (const Json& keys :
       {Json({"self_attn.*_proj"}), Json({"model.embed_tokens", "mlp.up_proj"})}) {
    SCOPED_TRACE(keys.dump());
    fs::remove_all(path("out"));
    plan_.update({{"lora_parameters", {{"keys", keys}, {"rank", 4}, {"rank_stabilized", true}}}},
                 "test");
    run("out");
    const ModelFiles files = ModelFiles::open(plan_.model);
    const Adapter adapter = Adapter::load(path("out/last"), files);
    EXPECT_EQ(adapter.config().scale, 40.0f);  // 20 * sqrt(4)
    const TrainableModel model(files, plan_.options.adapter);
    nn::Parameters parameters;
    for (const auto& [name, value] : read_tensors(path("out/last/adapters.safetensors")))
      parameters.emplace(name, value);
    const array tokens({5, 6, 7, 8}, {1, 4}, int32);
    const auto loaded = load_decoder(files.weights, files.spec, files.config.quantization, true,
                                     "test", adapter.updates(files));
    EXPECT_LT(relative_error(floats_of(loaded->logits(tokens)),
                             floats_of(model.decoder(parameters, false)->logits(tokens))),
              1e-4);
  }
}

TEST_F(TrainingRun, FromScratchLearnsARowAndCanBeLoaded) {
  fs::create_directories(path("model"));
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"})
    fs::copy_file(plan_.model / file, path("model") / file);
  folder_.write("model/config.json", llama_config("llama", {{"vocab_size", 264}}).dump());
  folder_.write("rows.jsonl", R"({"prompt": "stone", "completion": "grinds"})");
  plan_.model = path("model");
  plan_.update({{"iters", 60}, {"learning_rate", 0.005}, {"steps_per_eval", 0}}, "test");
  run("out");
  EXPECT_LT(metrics("out").back()["train_loss"], 0.1);
  const auto model = LanguageModel::load(path("out"));
  EXPECT_EQ(model->config().vocab_size, 264);
  expect_error([&] { run("model"); }, {"holds a model already"});
}

}  // namespace
}  // namespace quern::tests
