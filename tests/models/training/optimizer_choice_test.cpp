#include "models/training/optimizer_choice.h"

#include <gtest/gtest.h>

#include "tests/models/training/tiny_training.h"

namespace quern::tests {
namespace {

using namespace models;
using Json = nlohmann::json;

TrainingOptions options_of(const Json& json) {
  TrainingOptions options;
  options.update(json, "test");
  return options;
}

double rate(const TrainingOptions& options, int step) {
  return double(learning_rate_of(options).at(array(step)).item<float>());
}

TEST(OptimizerChoice, EveryOneLearnsByItsName) {
  const TinyModel model = tiny_llama();
  for (const std::string& name : optimizer_names()) {
    SCOPED_TRACE(name);
    TrainingOptions options = tiny_options();
    options.optimizer = name;
    options.learning_rate = name == "adadelta" ? 20 : name == "sgd" || name == "lion" ? 0.01 : 0.02;
    const TinyRun run = train(model, options, {batch_of(tiny_rows())}, 6);
    EXPECT_LT(run.steps.back().loss, run.steps[0].loss);
  }
}

TEST(OptimizerChoice, TakesArgumentsAsMlxLmWritesThem) {
  for (const char* config :
       {R"({"betas": [0.8, 0.9], "eps": 1e-6})", R"({"adam": {"eps": 1e-6}, "adamw": {"x": 1}})",
        R"({"adam": null, "sgd": {}})"})
    EXPECT_NO_THROW(make_optimizer(options_of({{"optimizer_config", Json::parse(config)}})))
        << config;
}

TEST(OptimizerChoice, RefusesWhatItDoesNotKnow) {
  expect_error([] { make_optimizer(options_of({{"optimizer", "adamm"}})); }, {"adamm"});
  const auto refused = [](const char* config, std::initializer_list<const char*> parts) {
    expect_error(
        [&] {
          make_optimizer(options_of({{"optimizer_config", Json::parse(config)}}));
        },
        parts);
  };
  refused(R"({"beta": 1})", {"adam", "\"beta\""});
  refused(R"({"eps": "small"})", {"eps", "\"small\"", "a number"});
  refused(R"({"betas": [0.9]})", {"betas", "two numbers"});
  refused(R"({"bias_correction": 1})", {"bias_correction", "true or false"});
}

TEST(Schedules, AWarmUpAndThenHalfACosine) {
  const TrainingOptions options = options_of(Json::parse(
      R"({"lr_schedule": {"name": "cosine_decay", "arguments": [1e-3, 10, 1e-4],
                          "warmup": 4, "warmup_init": 1e-5}})"));
  EXPECT_NEAR(rate(options, 0), 1e-5, 1e-9);
  EXPECT_NEAR(rate(options, 2), 1e-5 + (1e-3 - 1e-5) * 2 / 4, 1e-8);
  EXPECT_NEAR(rate(options, 4), 1e-3, 1e-8);
  for (int i = 0; i <= 10; ++i) {
    const double expected = 1e-4 + 0.5 * (1 + std::cos(std::acos(-1.0) * i / 10)) * (1e-3 - 1e-4);
    EXPECT_NEAR(rate(options, 5 + i), expected, 1e-8) << i;
  }
  EXPECT_NEAR(rate(options, 100), 1e-4, 1e-8);
}

TEST(Schedules, DecayOverAllStepsWhenNoneAreNamed) {
  const auto same = [](const char* open, const char* closed) {
    const TrainingOptions a = options_of(Json::parse(open)), b = options_of(Json::parse(closed));
    for (const int step : {0, 3, 10, 50, 90, 100}) EXPECT_EQ(rate(a, step), rate(b, step)) << open;
  };
  same(R"({"iters": 100, "lr_schedule": {"name": "cosine_decay", "arguments": [1e-3]}})",
       R"({"lr_schedule": {"name": "cosine_decay", "arguments": [1e-3, 100]}})");
  same(R"({"iters": 100, "lr_schedule": {"name": "cosine_decay", "arguments": [1e-3, null, 1e-5],
                                         "warmup": 10}})",
       R"({"lr_schedule": {"name": "cosine_decay", "arguments": [1e-3, 90, 1e-5], "warmup": 10}})");
  same(R"({"iters": 100, "lr_schedule": {"name": "linear_schedule", "arguments": [1e-3, 0]}})",
       R"({"lr_schedule": {"name": "linear_schedule", "arguments": [1e-3, 0, 100]}})");
  TrainingOptions epochs = options_of(Json::parse(
      R"({"epochs": 2.5, "grad_accumulation_steps": 2,
          "lr_schedule": {"name": "cosine_decay", "arguments": [1e-3]}})"));
  EXPECT_NO_THROW(epochs.check());
  EXPECT_EQ(epochs.in_steps(9).iters, 12);  // 22.5 batches by two
  EXPECT_NEAR(rate(epochs.in_steps(9), 12), 0, 1e-9);
  EXPECT_GT(rate(epochs.in_steps(9), 11), 1e-6);
  expect_error([&] { rate(epochs.in_steps({}), 0); }, {"not known"});
}

TEST(Schedules, RefuseWhatDoesNotFit) {
  const auto refused = [](const char* schedule, std::initializer_list<const char*> parts) {
    expect_error(
        [&] {
          learning_rate_of(options_of({{"iters", 50}, {"lr_schedule", Json::parse(schedule)}}));
        },
        parts);
  };
  refused(R"("cosine_decay")", {"there is no schedule"});
  refused(R"({"name": "cosine"})", {"\"cosine\""});
  refused(R"({"name": 3})", {"3"});
  refused(R"({"name": "cosine_decay", "arguments": []})", {"cosine_decay", "[]"});
  refused(R"({"name": "cosine_decay", "arguments": [1, 2, 3, 4]})", {"[1,2,3,4]"});
  refused(R"({"name": "cosine_decay", "arguments": [null, 10]})", {"[null,10]"});
  refused(R"({"name": "cosine_decay", "arguments": [1e-3, 1e300]})", {"1e+300"});
  refused(R"({"name": "step_decay", "arguments": [1e-3, 0.5, 2.5]})", {"2.5"});
  refused(R"({"name": "cosine_decay", "arguments": [1e-3], "warmup": 50})", {"50"});
  refused(R"({"name": "cosine_decay", "arguments": [1e-3, 9], "warmup": -1})", {"-1"});
}

}  // namespace
}  // namespace quern::tests
