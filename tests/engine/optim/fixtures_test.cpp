#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "engine/quern.h"
#include "tests/engine/fixtures/tensors.h"
#include "tests/engine/optim/llama.h"
#include "tests/fixtures.h"

namespace quern::tests {

namespace {

using nlohmann::json;

json read_json(const std::filesystem::path& file) {
  std::ifstream in(file);
  return json::parse(in);
}

array row(const array& a, int i) { return take(a, i, 0); }

/// The mean loss of the tokens t with offset <= t < length, and how many they are.
Arrays loss_of(Llama& model, const array& tokens, const array& lengths) {
  const int length = tokens.shape(1);
  const array inputs = slice(tokens, {0, 0}, {tokens.shape(0), length - 1});
  const array targets = slice(tokens, {0, 1}, {tokens.shape(0), length});
  const Arrays ends = split(lengths, 2, 1);
  const array t = arange(1, length);
  const array mask = (t >= ends[0]) && (t < ends[1]);
  const array losses = nn::losses::cross_entropy(model(inputs), targets) * mask;
  const array count = sum(mask);
  return {sum(losses) / count, count};
}

/// An optimizer by the name that a trace gives it, with MLX's defaults.
std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name,
                                                 const optim::LearningRate& rate) {
  if (name == "adam") return std::make_unique<optim::Adam>(rate);
  if (name == "adamw") return std::make_unique<optim::AdamW>(rate);
  if (name == "adafactor") {
    return std::make_unique<optim::Adafactor>(optim::AdafactorOptions{rate});
  }
  if (name == "muon") return std::make_unique<optim::Muon>(rate);
  if (name == "sgd") return std::make_unique<optim::SGD>(rate);
  throw std::invalid_argument("there is no optimizer " + name);
}

/// The schedules of the runs that have one. A run that is not here takes the rates of its trace.
const std::map<std::string, optim::Schedule>& schedules() {
  static const std::map<std::string, optim::Schedule> all{
      {"lora-all-adamw-cosine",
       optim::join_schedules(
           {optim::linear_schedule(0, 2e-3, 3), optim::cosine_decay(2e-3, 9, 1e-5)}, {4})}};
  return all;
}

void expect_trace(const std::filesystem::path& folder) {
  SCOPED_TRACE(folder.filename());
  const json config = read_json(folder / "base/config.json"),
             trace = read_json(folder / "trace.json");
  Llama model(config);
  if (config.contains("quantization")) {
    nn::quantize(model, config["quantization"]["group_size"].get<int>(),
                 config["quantization"]["bits"].get<int>());
  }
  model.load_weights(folder / "base/model.safetensors");
  model.adapt(read_json(folder / "adapter_config.json"));
  const nn::Parameters initial = read_tensors(folder / "initial.safetensors");
  ASSERT_EQ(nn::with_values(initial, nn::values_of(initial)).size(),
            model.trainable_parameters().size());
  model.update(initial);

  const nn::Parameters batches = read_tensors(folder / "batches.safetensors");
  const auto schedule = schedules().find(folder.filename());
  const bool is_scheduled = schedule != schedules().end();
  const std::vector<float> rates = trace.at("learning_rate");
  const auto optimizer =
      make_optimizer(trace.at("optimizer"), is_scheduled ? optim::LearningRate(schedule->second)
                                                         : optim::LearningRate(rates[0]));
  const auto step =
      nn::value_and_grad(model, [&](const Arrays& in) { return loss_of(model, in[0], in[1]); });
  for (int i = 0; i < batches.at("tokens").shape(0); ++i) {
    const auto [values, gradients] =
        step({row(batches.at("tokens"), i), row(batches.at("lengths"), i)});
    const array norm =
        optim::clip_grad_norm(gradients, std::numeric_limits<double>::infinity()).second;
    if (!is_scheduled) optimizer->set_learning_rate(array(rates[size_t(i)]));
    optimizer->update(model, gradients);
    EXPECT_EQ(values[1].item<int>(), trace["tokens"][size_t(i)].get<int>()) << "step " << i;
    EXPECT_NEAR(values[0].item<double>(), trace["loss"][size_t(i)].get<double>(), 2e-5) << i;
    EXPECT_NEAR(norm.item<double>(), trace["grad_norm"][size_t(i)].get<double>(), 2e-4) << i;
    EXPECT_NEAR(optimizer->learning_rate().item<double>(), rates[size_t(i)], 1e-9) << i;
  }
  const nn::Parameters trained = model.trainable_parameters();
  for (const auto& [name, want] : read_tensors(folder / "final.safetensors")) {
    const array distance = abs(trained.at(name) - want);
    EXPECT_LE(mean(distance).item<double>(), 5e-7) << name;
    // Where the gradients are all but 0, their rounding decides which way an element goes.
    EXPECT_LE(max(distance).item<double>(), 1e-4) << name;
  }
}

}  // namespace

TEST(OptimizerFixtures, ReproduceTheTracesOfMlx) {
  QUERN_NEEDS_FIXTURES("training");
  for (const auto& entry : std::filesystem::directory_iterator(fixtures_folder() / "training")) {
    expect_trace(entry.path());
  }
}

}  // namespace quern::tests
