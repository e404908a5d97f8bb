#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/graph/eval.h"
#include "engine/io/safetensors.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/reduce.h"
#include "engine/ops/unary.h"
#include "models/training/data/tokenized_batches.h"
#include "models/training/prepared_training.h"
#include "models/training/trainer.h"
#include "tests/models/model_folder.h"
#include "tests/temporary_folder.h"

// The runs of the training fixtures, step by step: MLX's optimizers and mlx-lm's layers computed
// what is expected.

namespace quern::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read(const fs::path& file) {
  std::ifstream in(file);
  return json::parse(in);
}

nn::Parameters tensors_of(const fs::path& file) {
  const auto [arrays, metadata] = load_safetensors(file.string());
  return {arrays.begin(), arrays.end()};
}

/// What a fixture's files say of the run: mlx-lm's defaults where they are silent.
TrainingOptions options_of(const fs::path& folder) {
  TrainingOptions options;
  json config = read(folder / "adapter_config.json");
  const json trace = read(folder / "trace.json");
  config["optimizer"] = trace.at("optimizer");
  options.update(config, "adapter_config.json");
  options.max_grad_norm = 0;
  options.learning_rate = trace.at("learning_rate")[0];
  return options;
}

double relative(double found, double wanted) { return std::abs(found - wanted) / std::abs(wanted); }

TEST(TrainerFixtures, EveryStepIsTheReferences) {
  QUERN_NEEDS_FIXTURES("training");
  const fs::path all = tests::fixtures_folder() / "training";
  int runs = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(all)) {
    const fs::path& folder = entry.path();
    SCOPED_TRACE(folder.filename().string());
    ++runs;
    const TrainingOptions options = options_of(folder);
    const TrainableModel model(ModelFiles::open(folder / "base"), options.adapter);
    TokenizedBatches batches(folder / "batches.safetensors", model.files().config.vocab_size);
    Trainer trainer(model, options, batches);
    TrainerState start = trainer.state();
    const nn::Parameters initial = tensors_of(folder / "initial.safetensors");
    ASSERT_EQ(initial.size(), start.parameters.size());
    start.parameters = initial;
    trainer.restore(std::move(start));

    const json trace = read(folder / "trace.json");
    for (size_t i = 0; i < trace.at("loss").size(); ++i) {
      SCOPED_TRACE(i);
      // Whatever schedule the run had, its rates are in the trace.
      TrainerState state = trainer.state();
      state.optimizer.insert_or_assign("learning_rate",
                                       array(trace["learning_rate"][i].get<float>()));
      trainer.restore(std::move(state));
      const StepReport step = trainer.step();
      EXPECT_LT(relative(step.loss, trace["loss"][i]), 1e-3);
      EXPECT_LT(relative(step.grad_norm, trace["grad_norm"][i]), 1e-2);
      EXPECT_EQ(step.tokens, trace["tokens"][i].get<int64_t>());
    }
    for (const auto& [name, wanted] : tensors_of(folder / "final.safetensors")) {
      const array difference = abs(subtract(trainer.state().parameters.at(name), wanted));
      EXPECT_LT(max(difference).item<float>(), 1e-3f) << name;
    }
  }
  EXPECT_GT(runs, 0);
}

TEST(TrainerFixtures, APlanOfTheSameFilesRunsTheSame) {
  QUERN_NEEDS_FIXTURES("training/lora-adam");
  const fs::path folder = tests::fixtures_folder() / "training" / "lora-adam";
  const tests::TemporaryFolder temporary;
  const json trace = read(folder / "trace.json");
  TrainingPlan plan;
  plan.model = folder / "base";
  plan.data = folder / "batches.safetensors";
  plan.initial_adapter = folder / "initial.safetensors";
  plan.out = temporary.path() / "out";
  plan.options = options_of(folder);
  plan.options.iters = int(trace.at("loss").size());
  std::vector<double> losses;
  PreparedTraining(plan).run(false, {.report = [&](const TrainingEvent& event) {
                               if (const auto* progress = std::get_if<TrainingProgress>(&event))
                                 losses.push_back(progress->step.loss);
                             }});
  ASSERT_EQ(losses.size(), trace.at("loss").size());
  for (size_t i = 0; i < losses.size(); ++i)
    EXPECT_LT(relative(losses[i], trace["loss"][i]), 1e-3) << i;
}

TEST(TrainerFixtures, AScheduleWithWarmUpGivesTheReferencesRates) {
  QUERN_NEEDS_FIXTURES("training/lora-all-adamw-cosine");
  const fs::path folder = tests::fixtures_folder() / "training" / "lora-all-adamw-cosine";
  TrainingOptions options = options_of(folder);
  options.lr_schedule = {{"name", "cosine_decay"}, {"arguments", {2e-3, 9, 1e-5}}, {"warmup", 3}};
  const TrainableModel model(ModelFiles::open(folder / "base"), options.adapter);
  TokenizedBatches batches(folder / "batches.safetensors", model.files().config.vocab_size);
  Trainer trainer(model, options, batches);
  for (const json& rate : read(folder / "trace.json").at("learning_rate"))
    EXPECT_NEAR(trainer.step().learning_rate, rate.get<double>(), 1e-9);
}

}  // namespace
}  // namespace quern::models
