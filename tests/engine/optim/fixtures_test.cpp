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

/// The optimizer that a trace names; what else there was to choose is MLX's default, and for the
/// cosine run what its learning rates say.
std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name,
                                                 const std::vector<float>& rates) {
  if (name == "adam") return std::make_unique<optim::Adam>(rates[0]);
  EXPECT_EQ(name, "adamw");
  return std::make_unique<optim::AdamW>(optim::join_schedules(
      {optim::linear_schedule(0, 2e-3, 3), optim::cosine_decay(2e-3, 9, 1e-5)}, {4}));
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
  const auto optimizer = make_optimizer(trace.at("optimizer"), trace.at("learning_rate"));
  const auto step =
      nn::value_and_grad(model, [&](const Arrays& in) { return loss_of(model, in[0], in[1]); });
  for (int i = 0; i < batches.at("tokens").shape(0); ++i) {
    const auto [values, gradients] =
        step({row(batches.at("tokens"), i), row(batches.at("lengths"), i)});
    const array norm =
        optim::clip_grad_norm(gradients, std::numeric_limits<double>::infinity()).second;
    optimizer->update(model, gradients);
    EXPECT_EQ(values[1].item<int>(), trace["tokens"][size_t(i)].get<int>()) << "step " << i;
    EXPECT_NEAR(values[0].item<double>(), trace["loss"][size_t(i)].get<double>(), 2e-5) << i;
    EXPECT_NEAR(norm.item<double>(), trace["grad_norm"][size_t(i)].get<double>(), 2e-4) << i;
    EXPECT_NEAR(optimizer->learning_rate().item<double>(),
                trace["learning_rate"][size_t(i)].get<double>(), 1e-9)
        << i;
  }
  const nn::Parameters trained = model.trainable_parameters();
  for (const auto& [name, want] : read_tensors(folder / "final.safetensors")) {
    const double distance = max(abs(trained.at(name) - want)).item<double>();
    // Adam divides by the size of the gradients: rounding differences of small ones come out large.
    EXPECT_LE(distance, 1e-4) << name;
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
