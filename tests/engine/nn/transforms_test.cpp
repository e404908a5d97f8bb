#include "engine/nn/transforms.h"

#include <gtest/gtest.h>

#include "engine/ops/matmul.h"
#include "engine/quern.h"
#include "tests/engine/ops/reference.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {

using namespace nn;

namespace {

/// Checks a module's gradients with respect to its input and all its parameters, in float64.
void expect_module_gradients(const std::string& name, Module& module,
                             const std::function<array(const array&)>& call, const Shape& shape) {
  module.set_dtype(float64);
  Arrays inputs{values(shape, 3)};
  const Parameters names = module.trainable_parameters();
  for (const array& parameter : values_of(names)) inputs.push_back(parameter);
  const ArrayFunction function = [&](const Arrays& in) {
    const ParameterScope scope(module, with_values(names, Arrays(in.begin() + 1, in.end())));
    return Arrays{call(in[0])};
  };
  expect_gradients(name, function, inputs, {1e-5, 1e-5});
}

void expect_layer_gradients(const std::string& name, std::shared_ptr<Layer> layer,
                            const Shape& shape) {
  expect_module_gradients(
      name, *layer, [&](const array& x) { return (*layer)(x); }, shape);
}

}  // namespace

TEST(ModuleTransforms, GradientsAreOfTheTrainableParameters) {
  Linear linear(2, 1);
  linear.update({{"weight", array({1.0f, 2.0f}, Shape{1, 2})}, {"bias", array({3.0f})}});
  const auto loss = [&](const Arrays& in) { return sum(square(linear(in[0]))); };
  const array x({1.0f, -1.0f}, Shape{1, 2});
  const auto [value, gradients] = value_and_grad(linear, loss)({x});
  EXPECT_EQ(value.item<float>(), 4);  // (1 - 2 + 3)^2
  ASSERT_EQ(gradients.size(), 2u);
  expect_close(gradients.at("weight"), {4, -4}, 0, 0);
  expect_close(gradients.at("bias"), {4}, 0, 0);
  linear.freeze(true, {"weight"});
  EXPECT_EQ(value_and_grad(linear, loss)({x}).second.size(), 1u);
  linear.freeze();
  const auto [frozen_value, none] = value_and_grad(linear, loss)({x});
  EXPECT_EQ(frozen_value.item<float>(), 4);
  EXPECT_TRUE(none.empty());
  // The module has its own arrays back, even after an error.
  linear.unfreeze();
  EXPECT_THROW(
      value_and_grad(linear, [&](const Arrays&) -> array { throw std::runtime_error("no"); })({x}),
      std::runtime_error);
  expect_close(linear.weight, {1, 2}, 0, 0);
  EXPECT_EQ(linear.weight.trace_level(), 0);
}

TEST(ModuleTransforms, SeveralOutputsComeBack) {
  Linear linear(2, 2);
  const std::function<Arrays(const Arrays&)> fun = [&](const Arrays& in) {
    const array y = linear(in[0]);
    return Arrays{sum(y), y};
  };
  const array x = random_array({3, 2});
  const auto [outputs, gradients] = value_and_grad(linear, fun)({x});
  ASSERT_EQ(outputs.size(), 2u);
  expect_close(outputs[1], doubles(linear(x)), 0, 0);
  expect_close(gradients.at("bias"), {3, 3}, 0, 0);
}

TEST(ModuleTransforms, StatisticsMoveWhileGradientsAreTaken) {
  BatchNorm layer(2);
  const array x = random_array({8, 2});
  const auto loss = [&](const Arrays& in) { return sum(square(layer(in[0]))); };
  eval(values_of(value_and_grad(layer, loss)({x}).second));
  BatchNorm other(2);
  other(x);
  expect_close(*layer.running_mean, doubles(*other.running_mean), 1e-6, 1e-7);
  expect_close(*layer.running_var, doubles(*other.running_var), 1e-6, 1e-7);
}

TEST(ModuleTransforms, CheckpointChangesNoGradient) {
  random::seed(1);
  Sequential model(std::make_shared<Linear>(4, 8), std::make_shared<BatchNorm>(8),
                   std::make_shared<Dropout>(0.5f), std::make_shared<ReLU>(),
                   std::make_shared<Linear>(8, 2));
  const array x = random_array({6, 4});
  const auto run = [&](bool checkpointed) {
    const Parameters before = model.state();
    const std::function<array(const Arrays&)> plain = [&](const Arrays& in) {
      return model(in[0]);
    };
    const std::function<array(const Arrays&)> loss = [&](const Arrays& in) {
      return sum(square(checkpointed ? checkpoint(model, plain)(in) : plain(in)));
    };
    // The checkpoint draws one key, and splits it.
    array outer = random::key(3);
    std::optional<RandomScope> scope(std::in_place, outer);
    if (!checkpointed) {
      const array inner = RandomScope::next_key();
      scope.reset();
      scope.emplace(inner);
    }
    auto [value, gradients] = value_and_grad(model, loss)({x});
    gradients.emplace("value", value);
    for (const char* name : {"layers.1.running_mean", "layers.1.running_var"}) {
      gradients.emplace(name, model.state().at(name));
    }
    eval(values_of(gradients));
    model.update(before);
    return gradients;
  };
  const Parameters plain = run(false), checkpointed = run(true);
  for (const auto& [name, value] : plain) {
    SCOPED_TRACE(name);
    expect_close(checkpointed.at(name), doubles(value), 1e-5, 1e-6);
  }
}

TEST(ModuleTransforms, LayersAreDifferentiable) {
  random::seed(5);
  expect_layer_gradients("Linear", std::make_shared<Linear>(3, 4), {2, 3});
  expect_layer_gradients("LayerNorm", std::make_shared<LayerNorm>(4), {3, 4});
  expect_layer_gradients("RMSNorm", std::make_shared<RMSNorm>(4), {3, 4});
  expect_layer_gradients("GroupNorm", std::make_shared<GroupNorm>(2, 4), {2, 3, 4});
  expect_layer_gradients("InstanceNorm", std::make_shared<InstanceNorm>(4, 1e-5f, true), {2, 5, 4});
  expect_layer_gradients("BatchNorm", std::make_shared<BatchNorm>(3), {5, 3});
  expect_layer_gradients("RNN", std::make_shared<RNN>(3, 4), {2, 3, 3});
  expect_layer_gradients("GRU", std::make_shared<GRU>(3, 4), {2, 3, 3});
  expect_layer_gradients("MaxPool2d", std::make_shared<MaxPool2d>(2, 1), {1, 3, 4, 2});
  expect_layer_gradients("AvgPool1d", std::make_shared<AvgPool1d>(2), {1, 4, 2});
  expect_layer_gradients("Upsample", std::make_shared<Upsample>(1.5f, "cubic"), {1, 3, 4, 2});
  expect_layer_gradients("Conv2d", std::make_shared<Conv2d>(2, 3, 2), {1, 3, 4, 2});
  expect_layer_gradients("ConvTranspose1d", std::make_shared<ConvTranspose1d>(2, 3, 2, 2),
                         {1, 3, 2});
}

TEST(ModuleTransforms, SeveralInputsAreDifferentiable) {
  random::seed(6);
  LSTM lstm(3, 4);
  expect_module_gradients("LSTM", lstm,
                          [&](const array& x) {
                            const auto [hidden, cell] = lstm(x);
                            return hidden + cell;
                          },
                          {2, 3, 3});
  MultiHeadAttention attention(4, 2);
  expect_module_gradients("MultiHeadAttention", attention,
                          [&](const array& x) { return attention(x, x, x, "causal"); }, {1, 3, 4});
  Bilinear bilinear(3, 3, 2);
  expect_module_gradients("Bilinear", bilinear,
                          [&](const array& x) { return bilinear(x, square(x)); }, {2, 3});
}

TEST(ModuleTransforms, ActivationsAndLossesAreDifferentiable) {
  const array x = values({3, 4}, 1), y = values({3, 4}, 2);
  const std::map<std::string, array (*)(const array&)> functions{
      {"gelu", gelu},
      {"gelu_approx", gelu_approx},
      {"gelu_fast_approx", gelu_fast_approx},
      {"silu", silu},
      {"mish", mish},
      {"softplus", softplus},
      {"selu", selu},
      {"hardswish", hardswish},
      {"log_sigmoid", log_sigmoid},
      {"softsign", softsign},
      {"relu2", relu2}};
  for (const auto& [name, function] : functions) {
    expect_gradients(name, [f = function](const Arrays& in) { return Arrays{f(in[0])}; }, {x},
                     {1e-5, 1e-5});
  }
  const array classes({1, 3, 0}, int32);
  const std::map<std::string, ArrayFunction> losses{
      {"log_softmax", [](const Arrays& in) { return Arrays{log_softmax(in[0])}; }},
      {"glu", [](const Arrays& in) { return Arrays{glu(in[0])}; }},
      {"cross_entropy",
       [&](const Arrays& in) {
         return Arrays{losses::cross_entropy(in[0], classes, std::nullopt, -1, 0.1f)};
       }},
      {"mse", [](const Arrays& in) { return Arrays{losses::mse_loss(in[0], in[1])}; }},
      {"huber", [](const Arrays& in) { return Arrays{losses::huber_loss(in[0], in[1])}; }},
      {"log_cosh", [](const Arrays& in) { return Arrays{losses::log_cosh_loss(in[0], in[1])}; }},
      {"cosine",
       [](const Arrays& in) { return Arrays{losses::cosine_similarity_loss(in[0], in[1])}; }},
      {"kl_div", [](const Arrays& in) { return Arrays{losses::kl_div_loss(in[0], in[1])}; }}};
  for (const auto& [name, function] : losses) {
    expect_gradients(name, function,
                     name == "glu" || name == "log_softmax" || name == "cross_entropy"
                         ? Arrays{x}
                         : Arrays{x, y},
                     {1e-5, 1e-5});
  }
}

}  // namespace quern::tests
