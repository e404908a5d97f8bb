#include "models/training/trainable_model.h"

#include <gtest/gtest.h>

#include "models/training/initial_weights.h"
#include "tests/models/training/tiny_training.h"

namespace quern::tests {
namespace {

using namespace models;
using Kind = AdapterConfig::Kind;

TEST(TrainableModel, FullFineTuningChangesTheLastLayersAlone) {
  const TinyModel tiny = tiny_llama();
  TrainingOptions options = tiny_options();
  options.adapter = {.kind = Kind::full, .num_layers = 1};
  const TrainableModel model(ModelFiles::open(tiny.path()), options.adapter);
  const nn::Parameters before = model.initial(0);
  EXPECT_EQ(before.size(), 9u);
  for (const auto& [name, value] : before) EXPECT_TRUE(name.starts_with("model.layers.1.")) << name;
  const TinyRun run = train(tiny, options, {batch_of(tiny_rows())}, 3);
  EXPECT_LT(run.steps[2].loss, run.steps[0].loss);
  for (const auto& [name, value] : before)
    EXPECT_NE(floats_of(value), floats_of(run.parameters.at(name))) << name;
  EXPECT_EQ(model.parameters(),
            TrainableModel(ModelFiles::open(tiny.path()), {.kind = Kind::full, .num_layers = -1})
                .trained_parameters());
}

TEST(TrainableModel, QuantizedWeightsAreNotTrainedThemselves) {
  const auto files = [] { return ModelFiles::open(data_folder() / "models" / "tiny-chat"); };
  expect_error([&] { TrainableModel(files(), {.kind = Kind::full, .num_layers = 1}).initial(0); },
               {"is quantized"});
  expect_error([&] { TrainableModel(files(), {.kind = Kind::full, .num_layers = 9}); },
               {"9 layers", "the model has 3"});
}

TEST(TrainableModel, ARankStabilizedScaleGrowsWithTheRoot) {
  const TinyModel tiny = tiny_llama();
  TrainingOptions options = tiny_options();
  options.adapter.rank = 16;
  options.adapter.rank_stabilized = true;
  const TinyRun stabilized = train(tiny, options, {batch_of(tiny_rows())}, 3);
  options.adapter.rank_stabilized = false;
  EXPECT_NE(train(tiny, options, {batch_of(tiny_rows())}, 3).steps[2].loss,
            stabilized.steps[2].loss);
  options.adapter.scale *= 4;
  EXPECT_EQ(train(tiny, options, {batch_of(tiny_rows())}, 3).steps[2].loss,
            stabilized.steps[2].loss);
}

/// A folder without weights.
ModelFiles described(const ModelFolder& folder, const nlohmann::json& config) {
  folder.write("config.json", config.dump());
  return ModelFiles::open_without_weights(folder.path());
}

double deviation(const array& weight) {
  double squares = 0;
  const std::vector<float> values = floats_of(weight);
  for (const float value : values) squares += double(value) * value;
  return std::sqrt(squares / double(values.size()));
}

TEST(InitialWeights, AreNormalAndSmallerBeforeTheResidualStream) {
  const ModelFolder folder;
  const ModelFiles files = described(folder, llama_config("llama", {{"hidden_size", 64},
                                                                    {"intermediate_size", 96},
                                                                    {"num_hidden_layers", 8},
                                                                    {"vocab_size", 300},
                                                                    {"initializer_range", 0.05}}));
  const Weights weights = initial_weights(files, 3);
  EXPECT_EQ(weights.size(), 8u * 9 + 3);
  EXPECT_EQ(weights.at("model.embed_tokens.weight").shape(), (Shape{300, 64}));
  EXPECT_EQ(weights.at("model.layers.7.self_attn.k_proj.weight").shape(), (Shape{32, 64}));
  EXPECT_NEAR(deviation(weights.at("model.embed_tokens.weight")), 0.05, 0.002);
  EXPECT_NEAR(deviation(weights.at("model.layers.2.mlp.up_proj.weight")), 0.05, 0.003);
  for (const char* name : {"self_attn.o_proj", "mlp.down_proj"})
    EXPECT_NEAR(deviation(weights.at(std::string("model.layers.2.") + name + ".weight")),
                0.05 / std::sqrt(16.0), 0.001);
  for (const float value : floats_of(weights.at("model.norm.weight"))) EXPECT_EQ(value, 1);
  for (const auto& [name, value] : initial_weights(files, 3))
    EXPECT_EQ(floats_of(value), floats_of(weights.at(name))) << name;
  EXPECT_NE(floats_of(initial_weights(files, 4).at("lm_head.weight")),
            floats_of(weights.at("lm_head.weight")));
  EXPECT_NE(floats_of(weights.at("model.layers.0.mlp.up_proj.weight")),
            floats_of(weights.at("model.layers.1.mlp.up_proj.weight")));
}

TEST(InitialWeights, OfNormsThatAddOneAreZero) {
  const ModelFolder folder;
  const Weights weights =
      initial_weights(described(folder, llama_config("gemma", {{"head_dim", 4},
                                                               {"hidden_act", "gelu"},
                                                               {"tie_word_embeddings", true}})),
                      0);
  for (const float value : floats_of(weights.at("model.norm.weight"))) EXPECT_EQ(value, 0);
  EXPECT_FALSE(weights.contains("lm_head.weight"));
}

}  // namespace
}  // namespace quern::tests
