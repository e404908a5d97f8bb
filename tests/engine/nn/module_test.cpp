#include "engine/nn/module.h"

#include <gtest/gtest.h>

#include "engine/nn/activations.h"
#include "engine/nn/linear.h"
#include "engine/nn/normalization.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "tests/engine/ops/reference.h"
#include "tests/temporary_folder.h"

namespace quern::tests {

using nn::Parameters;

namespace {

std::vector<std::string> names(const Parameters& parameters) {
  std::vector<std::string> result;
  for (const auto& [name, value] : parameters) result.push_back(name);
  return result;
}

std::vector<std::string> names(const nn::NamedModules& modules) {
  std::vector<std::string> result;
  for (const auto& [name, module] : modules) result.push_back(name);
  return result;
}

using Names = std::vector<std::string>;

struct Block final : nn::Module {
  Block() {
    layers.push_back(std::make_shared<nn::Linear>(2, 3));
    layers.push_back(std::make_shared<nn::ReLU>());
  }

  array operator()(const array& x) { return norm(layers[1](layers[0](x))) * scale; }

  nn::Parameter scale{*this, "scale", ones({3})};
  nn::Parameter table{*this, "_table", zeros({1})};
  nn::Children<nn::Layer> layers{*this, "layers"};
  nn::Child<nn::Layer> norm{*this, "norm", std::make_shared<nn::BatchNorm>(3)};
};

}  // namespace

TEST(Module, NamesItsArraysByTheirPlaceInTheTree) {
  Block block;
  const Names parameters{"layers.0.bias",    "layers.0.weight", "norm.bias", "norm.running_mean",
                         "norm.running_var", "norm.weight",     "scale"};
  EXPECT_EQ(names(block.parameters()), parameters);
  EXPECT_EQ(block.state().size(), parameters.size() + 1);
  EXPECT_TRUE(block.state().count("_table"));
  EXPECT_EQ(names(block.trainable_parameters()),
            (Names{"layers.0.bias", "layers.0.weight", "norm.bias", "norm.weight", "scale"}));
}

TEST(Module, WalksOverItsTree) {
  Block block;
  EXPECT_EQ(names(block.children()), (Names{"norm", "layers.0", "layers.1"}));
  EXPECT_EQ(names(block.leaf_modules()), (Names{"norm", "layers.0", "layers.1"}));
  EXPECT_EQ(names(block.named_modules()), (Names{"", "norm", "layers.0", "layers.1"}));
  EXPECT_EQ(block.modules().size(), 4u);
  const auto sequence = std::make_shared<nn::Sequential>(
      std::make_shared<nn::Sequential>(std::make_shared<nn::Linear>(2, 2)),
      std::make_shared<nn::Identity>());
  EXPECT_EQ(names(sequence->leaf_modules()), (Names{"layers.0.layers.0", "layers.1"}));
  EXPECT_EQ(names(sequence->parameters()),
            (Names{"layers.0.layers.0.bias", "layers.0.layers.0.weight"}));
}

TEST(Module, UpdateReplacesNamedArrays) {
  Block block;
  block.update({{"scale", array({1.0f, 2.0f, 3.0f})}, {"_table", array({7.0f})}});
  expect_close(block.scale, {1, 2, 3}, 0, 0);
  expect_close(block.table, {7}, 0, 0);
  const Parameters unknown{{"scale", zeros({3})}, {"layers.7.weight", zeros({1})}};
  EXPECT_THROW(block.update(unknown), std::invalid_argument);
  expect_close(block.scale, {1, 2, 3}, 0, 0);
  block.update(unknown, false);
  expect_close(block.scale, {0, 0, 0}, 0, 0);
}

TEST(Module, ArraysCanBeFilteredAndMapped) {
  Block block;
  const auto is_weight = [](const nn::Module&, const std::string& name, const array&) {
    return name == "weight";
  };
  const Parameters doubled =
      block.filter_and_map(is_weight, [](const array& a) { return a * 2.0f; });
  EXPECT_EQ(names(doubled), (Names{"layers.0.weight", "norm.weight"}));
  expect_close(doubled.at("norm.weight"), {2, 2, 2}, 0, 0);
  block.apply([](const array& a) { return a * 3.0f; }, is_weight);
  expect_close(block.parameters().at("norm.weight"), {3, 3, 3}, 0, 0);
  expect_close(block.scale, {1, 1, 1}, 0, 0);
}

TEST(Module, FreezingTakesParametersOutOfTraining) {
  Block block;
  block.freeze();
  EXPECT_TRUE(block.trainable_parameters().empty());
  block.unfreeze(true, {"bias"});
  EXPECT_EQ(names(block.trainable_parameters()), (Names{"layers.0.bias", "norm.bias"}));
  block.unfreeze();
  // Running statistics are never trained.
  EXPECT_EQ(block.trainable_parameters().size(), 5u);
  block.freeze(false);
  EXPECT_EQ(block.trainable_parameters().size(), 4u);
  block.unfreeze().freeze(true, {"weight"}, true);
  EXPECT_EQ(names(block.trainable_parameters()), (Names{"layers.0.bias", "norm.bias", "scale"}));
  EXPECT_NO_THROW(block.freeze(true, {"nothing"}));
  EXPECT_THROW(block.freeze(true, {"nothing"}, true), std::out_of_range);
  EXPECT_THROW(block.unfreeze(false, {"weight"}, true), std::out_of_range);
}

TEST(Module, TrainingModeIsTheTrees) {
  Block block;
  EXPECT_TRUE(block.training());
  block.eval();
  for (const nn::Module* module : block.modules()) EXPECT_FALSE(module->training());
  block.train();
  for (const nn::Module* module : block.modules()) EXPECT_TRUE(module->training());
}

TEST(Module, DtypesOfFloatsCanBeSet) {
  nn::Embedding embedding(4, 2);
  struct Mixed final : nn::Module {
    nn::Parameter ids{*this, "ids", array({1, 2}, int32)};
    nn::Parameter values{*this, "values", ones({2})};
  } mixed;
  mixed.set_dtype(bfloat16);
  EXPECT_EQ(mixed.ids.dtype(), int32);
  EXPECT_EQ(mixed.values.dtype(), bfloat16);
  mixed.set_dtype(float32, [](Dtype) { return true; });
  EXPECT_EQ(mixed.ids.dtype(), float32);
}

TEST(Module, PlacesTakeOtherModulesOfTheirType) {
  Block block;
  block.update_modules({{"norm", std::make_shared<nn::Identity>()},
                        {"layers.0", std::make_shared<nn::Linear>(2, 3, false)}});
  EXPECT_EQ(names(block.parameters()), (Names{"layers.0.weight", "scale"}));
  struct NoLayer final : nn::Module {};
  try {
    block.update_modules({{"layers.1", std::make_shared<NoLayer>()}});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "[Module] the place \"layers.1\" does not take a module of that type");
  }
  EXPECT_THROW(block.update_modules({{"other", std::make_shared<nn::Identity>()}}),
               std::invalid_argument);
  EXPECT_NO_THROW(block.update_modules({{"other", std::make_shared<nn::Identity>()}}, false));
}

TEST(Module, NamesAreUniqueAndPlain) {
  struct Twice final : nn::Module {
    nn::Parameter a{*this, "weight", zeros({1})}, b{*this, "weight", zeros({1})};
  };
  EXPECT_THROW(Twice(), std::invalid_argument);
  struct Dotted final : nn::Module {
    nn::Parameter a{*this, "a.b", zeros({1})};
  };
  EXPECT_THROW(Dotted(), std::invalid_argument);
}

TEST(Module, WeightsRoundTripThroughAFile) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "weights.safetensors";
  Block saved, loaded;
  saved.save_weights(file);
  loaded.load_weights(file);
  for (const auto& [name, value] : saved.parameters()) {
    expect_close(loaded.parameters().at(name), doubles(value), 0, 0);
  }
  EXPECT_THROW(saved.save_weights(folder.path() / "weights.bin"), std::invalid_argument);
}

TEST(Module, LoadingIsStrictUnlessToldOtherwise) {
  nn::Linear linear(2, 3);
  const array weight = ones({3, 2}), bias = zeros({3});
  const auto message = [&](const Parameters& weights) -> std::string {
    try {
      linear.load_weights(weights);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({{"weight", weight}}), "[load_weights] 1 parameters are missing: bias");
  EXPECT_EQ(message({{"weight", weight}, {"bias", bias}, {"x", bias}, {"y", bias}}),
            "[load_weights] 2 arrays are not in the module: x, y");
  EXPECT_EQ(message({{"weight", bias}, {"bias", bias}}),
            "[load_weights] weight has shape (3), the module's (3,2)");
  linear.load_weights({{"weight", weight}, {"x", bias}}, false);
  expect_close(linear.weight, {1, 1, 1, 1, 1, 1}, 0, 0);
}

}  // namespace quern::tests
