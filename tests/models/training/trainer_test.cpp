#include "models/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/memory/memory.h"
#include "engine/ops/creation.h"
#include "tests/models/training/tiny_training.h"

namespace quern::tests {
namespace {

using namespace models;

void expect_same_steps(const TinyRun& a, const TinyRun& b, double tolerance) {
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (size_t i = 0; i < a.steps.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_NEAR(a.steps[i].loss, b.steps[i].loss, tolerance * a.steps[i].loss);
    EXPECT_NEAR(a.steps[i].grad_norm, b.steps[i].grad_norm, tolerance * a.steps[i].grad_norm);
    EXPECT_EQ(a.steps[i].tokens, b.steps[i].tokens);
  }
  EXPECT_LE(difference(a.parameters, b.parameters), tolerance);
}

TEST(Trainer, BatchesOfAStepCountByTheirTokens) {
  const TinyModel model = tiny_llama();
  const std::vector<TinyRow> rows = tiny_rows();
  TrainingOptions options = tiny_options();
  options.optimizer = "sgd";
  const TinyRun whole = train(model, options, {batch_of(rows)}, 4);
  options.grad_accumulation_steps = 2;
  const TinyRun halves =
      train(model, options, {batch_of({rows[0], rows[1]}), batch_of({rows[2], rows[3]})}, 4);
  expect_same_steps(whole, halves, 1e-5);
  options.grad_accumulation_steps = 4;
  std::vector<Batch> single;
  for (const TinyRow& row : rows) single.push_back(batch_of({row}));
  expect_same_steps(whole, train(model, options, single, 4), 1e-5);
  EXPECT_EQ(whole.steps[0].tokens, 14);
  EXPECT_LT(whole.steps[3].loss, whole.steps[0].loss);
}

TEST(Trainer, GradientsAreScaledDownToTheNorm) {
  const TinyModel model = tiny_llama();
  TrainingOptions options = tiny_options();
  options.optimizer = "sgd";
  options.learning_rate = 1;
  const auto moved = [&] {
    const TrainableModel trained(ModelFiles::open(model.path()), options.adapter);
    const TinyRun run = train(model, options, {batch_of(tiny_rows())}, 1);
    double squares = 0;
    for (const auto& [name, value] : trained.initial(options.seed)) {
      const std::vector<float> before = floats_of(value),
                               after = floats_of(run.parameters.at(name));
      for (size_t i = 0; i < before.size(); ++i) squares += std::pow(after[i] - before[i], 2);
    }
    return std::pair(std::sqrt(squares), run.steps[0].grad_norm);
  };
  const auto [free, norm] = moved();
  EXPECT_NEAR(free, norm, 1e-4 * norm);
  ASSERT_GT(norm, 0.1);
  options.max_grad_norm = 0.05;
  const auto [bounded, norm_before] = moved();
  EXPECT_NEAR(bounded, 0.05, 1e-4);
  EXPECT_NEAR(norm_before, norm, 1e-6 * norm);
}

TEST(Trainer, AStepThatIsNotFiniteChangesNothing) {
  const TinyModel model = tiny_llama();
  const TrainingOptions options = tiny_options();
  const TrainableModel trained(ModelFiles::open(model.path()), options.adapter);
  ListedBatches data({batch_of(tiny_rows())});
  Trainer trainer(trained, options, data);
  trainer.step();
  const TrainerState good = trainer.state();
  TrainerState broken = good;
  auto& [name, value] = *broken.parameters.begin();
  value = full(value.shape(), array(std::numeric_limits<float>::infinity()));
  trainer.restore(broken);
  const StepReport report = trainer.step();
  EXPECT_TRUE(report.skipped);
  const TrainerState after = trainer.state();
  EXPECT_EQ(after.skipped_steps, 1);
  EXPECT_EQ(after.iteration, 2);
  for (const auto& [key, before] : broken.optimizer)
    EXPECT_EQ(floats_of(astype(after.optimizer.at(key), float32)),
              floats_of(astype(before, float32)))
        << key;
  for (const auto& [key, before] : broken.parameters)
    EXPECT_EQ(floats_of(after.parameters.at(key)), floats_of(before)) << key;
}

TEST(Trainer, ComputingLayersAgainChangesNothingButMemory) {
  const TinyModel model(llama_config("llama", {{"num_hidden_layers", 12}}), llama_tensors(12));
  std::vector<TinyRow> rows;
  for (uint64_t i = 0; i < 16; ++i) rows.push_back({model.tokens(40, i), 2});
  for (const float dropout : {0.0f, 0.3f}) {
    SCOPED_TRACE(dropout);
    TrainingOptions options = tiny_options();
    options.adapter.dropout = dropout;
    const auto run = [&] {
      reset_peak_memory();
      TinyRun done = train(model, options, {batch_of(rows)}, 2);
      return std::pair(std::move(done), get_peak_memory());
    };
    const auto [kept, memory] = run();
    options.grad_checkpoint = true;
    const auto [again, less_memory] = run();
    expect_same_steps(kept, again, 1e-5);
    EXPECT_LT(double(less_memory), 0.7 * double(memory));
  }
}

TEST(Trainer, MixedPrecisionStaysNear) {
  const TinyModel model = tiny_llama();
  TrainingOptions options = tiny_options();
  options.learning_rate = 0.005;
  const TinyRun exact = train(model, options, {batch_of(tiny_rows())}, 5);
  for (const auto& [dtype, tolerance] : {std::pair(float16, 0.01), {bfloat16, 0.05}}) {
    options.compute = dtype;
    const TinyRun mixed = train(model, options, {batch_of(tiny_rows())}, 5);
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR(mixed.steps[i].loss, exact.steps[i].loss, tolerance * exact.steps[i].loss);
      EXPECT_NEAR(mixed.steps[i].grad_norm, exact.steps[i].grad_norm,
                  5 * tolerance * exact.steps[i].grad_norm);
      EXPECT_NE(mixed.steps[i].loss, exact.steps[i].loss);
    }
    for (const auto& [name, value] : mixed.parameters) EXPECT_EQ(value.dtype(), float32);
  }
}

TEST(Trainer, PackedRowsAreLearntLikeTheSameOnesPadded) {
  const TinyModel model = tiny_llama();
  const std::vector<TinyRow> rows = tiny_rows();
  TrainingOptions options = tiny_options();
  options.optimizer = "sgd";
  const TinyRun padded = train(model, options, {batch_of(rows)}, 3);
  expect_same_steps(padded, train(model, options, {packed_batch_of(rows)}, 3), 1e-5);
  options.grad_checkpoint = true;
  expect_same_steps(padded, train(model, options, {packed_batch_of(rows)}, 3), 1e-5);
}

TEST(Trainer, WhatDropoutLeavesOutFollowsFromSeedAndStep) {
  const TinyModel model = tiny_llama();
  TrainingOptions options = tiny_options();
  options.adapter.dropout = 0.5;
  options.learning_rate = 0;  // so that losses differ by the masks alone
  const TrainableModel trained(ModelFiles::open(model.path()), options.adapter);
  ListedBatches data({batch_of(tiny_rows())});
  // Matrices that are not zero, without which dropout has nothing to leave out.
  TrainingOptions before = tiny_options();
  const nn::Parameters parameters = train(model, before, {batch_of(tiny_rows())}, 3).parameters;
  const auto losses = [&](uint64_t seed, int64_t from) {
    options.seed = seed;
    Trainer trainer(trained, options, data);
    TrainerState state = trainer.state();
    state.parameters = parameters;
    state.iteration = from;
    trainer.restore(std::move(state));
    std::vector<double> found;
    for (int i = 0; i < 3; ++i) found.push_back(trainer.step().loss);
    return found;
  };
  const std::vector<double> first = losses(1, 0);
  EXPECT_NE(first[0], first[1]);
  EXPECT_EQ(losses(1, 0), first);
  EXPECT_EQ(losses(1, 1)[0], first[1]);
  EXPECT_EQ(losses(1, 1)[1], first[2]);
  EXPECT_NE(losses(2, 0)[0], first[0]);
}

TEST(Trainer, ValidationCountsByTokensAndStopsWhereItIsTold) {
  const TinyModel model = tiny_llama();
  TrainingOptions options = tiny_options();
  options.adapter.dropout = 0.5;  // of which validation knows nothing
  const TrainableModel trained(ModelFiles::open(model.path()), options.adapter);
  const std::vector<TinyRow> rows = tiny_rows();
  ListedBatches data({batch_of(rows)});
  ListedBatches unequal({batch_of({rows[0]}), batch_of({rows[1], rows[2], rows[3]})});
  ListedBatches first({batch_of({rows[0]})});
  Trainer trainer(trained, options, data);
  trainer.step();
  const ValidationReport whole = trainer.validate(data, -1);
  EXPECT_EQ(whole.tokens, 14);
  EXPECT_NEAR(trainer.validate(unequal, -1).loss, whole.loss, 1e-5);
  EXPECT_EQ(trainer.validate(unequal, 1).tokens, 6);
  EXPECT_NEAR(trainer.validate(unequal, 1).loss, trainer.validate(first, 25).loss, 1e-6);
  ListedBatches nothing({batch_of({{{3, 4, 5}, 9}})});
  EXPECT_TRUE(std::isnan(trainer.validate(nothing, -1).loss));
}

}  // namespace
}  // namespace quern::tests
