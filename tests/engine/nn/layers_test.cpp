#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/linalg.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/quern.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

using namespace nn;

namespace {

struct ParameterShapes {
  const char* name;
  std::shared_ptr<Module> module;
  std::map<std::string, Shape> shapes;
};

/// What MLX's Python package calls the parameters of each layer, and their shapes.
const std::vector<ParameterShapes>& parameter_shapes() {
  const auto attention = [](const std::string& prefix, int dims) {
    std::map<std::string, Shape> shapes;
    for (const char* part : {"query_proj", "key_proj", "value_proj", "out_proj"}) {
      shapes[prefix + part + ".weight"] = {dims, dims};
    }
    return shapes;
  };
  const auto encoder_layer = [&](const std::string& prefix) {
    std::map<std::string, Shape> shapes = attention(prefix + "attention.", 8);
    for (const char* part : {"ln1.weight", "ln1.bias", "ln2.weight", "ln2.bias", "linear2.bias"}) {
      shapes[prefix + part] = {8};
    }
    shapes[prefix + "linear1.weight"] = {32, 8};
    shapes[prefix + "linear1.bias"] = {32};
    shapes[prefix + "linear2.weight"] = {8, 32};
    return shapes;
  };
  const auto encoder = [&](const std::string& prefix) {
    std::map<std::string, Shape> shapes = encoder_layer(prefix + "layers.0.");
    shapes[prefix + "ln.weight"] = shapes[prefix + "ln.bias"] = {8};
    return shapes;
  };
  const auto decoder = [&](const std::string& prefix) {
    const std::string layer = prefix + "layers.0.";
    std::map<std::string, Shape> shapes = encoder_layer(layer);
    for (auto part = shapes.lower_bound(layer + "attention");
         part->first.find(".attention.") != std::string::npos;) {
      part = shapes.erase(part);
    }
    shapes.merge(attention(layer + "self_attention.", 8));
    shapes.merge(attention(layer + "cross_attention.", 8));
    shapes[layer + "ln3.weight"] = shapes[layer + "ln3.bias"] = {8};
    shapes[prefix + "ln.weight"] = shapes[prefix + "ln.bias"] = {8};
    return shapes;
  };
  const auto transformer = [&] {
    std::map<std::string, Shape> shapes = encoder("encoder.");
    shapes.merge(decoder("decoder."));
    return shapes;
  };
  static const std::vector<ParameterShapes> all{
      {"Linear", std::make_shared<Linear>(3, 2), {{"weight", {2, 3}}, {"bias", {2}}}},
      {"Linear, no bias", std::make_shared<Linear>(3, 2, false), {{"weight", {2, 3}}}},
      {"Bilinear", std::make_shared<Bilinear>(3, 4, 2), {{"weight", {2, 4, 3}}, {"bias", {2}}}},
      {"Embedding", std::make_shared<Embedding>(7, 3), {{"weight", {7, 3}}}},
      {"Conv1d",
       std::make_shared<Conv1d>(4, 6, 3, 1, 0, 1, 2),
       {{"weight", {6, 3, 2}}, {"bias", {6}}}},
      {"Conv2d",
       std::make_shared<Conv2d>(4, 6, Sizes<2>{3, 5}),
       {{"weight", {6, 3, 5, 4}}, {"bias", {6}}}},
      {"Conv3d",
       std::make_shared<Conv3d>(4, 6, Sizes<3>{3, 5, 1}, 1, 0, 1, false),
       {{"weight", {6, 3, 5, 1, 4}}}},
      {"ConvTranspose1d",
       std::make_shared<ConvTranspose1d>(4, 6, 3),
       {{"weight", {6, 3, 4}}, {"bias", {6}}}},
      {"ConvTranspose2d",
       std::make_shared<ConvTranspose2d>(4, 6, 3),
       {{"weight", {6, 3, 3, 4}}, {"bias", {6}}}},
      {"ConvTranspose3d",
       std::make_shared<ConvTranspose3d>(4, 6, 2),
       {{"weight", {6, 2, 2, 2, 4}}, {"bias", {6}}}},
      {"InstanceNorm", std::make_shared<InstanceNorm>(4), {}},
      {"InstanceNorm, affine",
       std::make_shared<InstanceNorm>(4, 1e-5f, true),
       {{"weight", {4}}, {"bias", {4}}}},
      {"LayerNorm", std::make_shared<LayerNorm>(4), {{"weight", {4}}, {"bias", {4}}}},
      {"LayerNorm, no bias", std::make_shared<LayerNorm>(4, 1e-5f, true, false), {{"weight", {4}}}},
      {"LayerNorm, not affine", std::make_shared<LayerNorm>(4, 1e-5f, false), {}},
      {"RMSNorm", std::make_shared<RMSNorm>(4), {{"weight", {4}}}},
      {"GroupNorm", std::make_shared<GroupNorm>(2, 4), {{"weight", {4}}, {"bias", {4}}}},
      {"BatchNorm",
       std::make_shared<BatchNorm>(4),
       {{"weight", {4}}, {"bias", {4}}, {"running_mean", {4}}, {"running_var", {4}}}},
      {"BatchNorm, plain", std::make_shared<BatchNorm>(4, 1e-5f, 0.1f, false, false), {}},
      {"RNN", std::make_shared<RNN>(3, 5), {{"Wxh", {5, 3}}, {"Whh", {5, 5}}, {"bias", {5}}}},
      {"GRU",
       std::make_shared<GRU>(3, 5),
       {{"Wx", {15, 3}}, {"Wh", {15, 5}}, {"b", {15}}, {"bhn", {5}}}},
      {"LSTM", std::make_shared<LSTM>(3, 5), {{"Wx", {20, 3}}, {"Wh", {20, 5}}, {"bias", {20}}}},
      {"PReLU", std::make_shared<PReLU>(), {{"weight", {1}}}},
      {"SinusoidalPositionalEncoding", std::make_shared<SinusoidalPositionalEncoding>(8), {}},
      {"QuantizedLinear",
       std::make_shared<QuantizedLinear>(128, 8),
       {{"weight", {8, 16}}, {"scales", {8, 2}}, {"biases", {8, 2}}, {"bias", {8}}}},
      {"QuantizedEmbedding",
       std::make_shared<QuantizedEmbedding>(16, 128, 32, 8),
       {{"weight", {16, 32}}, {"scales", {16, 4}}, {"biases", {16, 4}}}},
      {"QQLinear", std::make_shared<QQLinear>(128, 8), {{"weight", {8, 128}}}},
      {"MultiHeadAttention", std::make_shared<MultiHeadAttention>(8, 2), attention("", 8)},
      {"TransformerEncoder", std::make_shared<TransformerEncoder>(1, 8, 2), encoder("")},
      {"TransformerDecoder", std::make_shared<TransformerDecoder>(1, 8, 2), decoder("")},
      {"Transformer", std::make_shared<Transformer>(8, 2, 1, 1), transformer()},
      {"MaxPool2d", std::make_shared<MaxPool2d>(2), {}},
      {"Dropout", std::make_shared<Dropout>(), {}},
      {"Upsample", std::make_shared<Upsample>(2.0f), {}},
  };
  return all;
}

std::vector<std::string> names(const Parameters& parameters) {
  std::vector<std::string> result;
  for (const auto& [name, value] : parameters) result.push_back(name);
  return result;
}

/// Of the elements.
struct Statistics {
  double mean, deviation, low, high;
};

Statistics statistics(const array& a) {
  return {mean(a).item<double>(), quern::std(a).item<double>(), min(a).item<double>(),
          max(a).item<double>()};
}

void expect_uniform(const array& a, double limit) {
  const Statistics s = statistics(a);
  EXPECT_NEAR(s.mean, 0, 0.05 * limit);
  EXPECT_NEAR(s.deviation, limit / std::sqrt(3.0), 0.05 * limit);
  EXPECT_GE(s.low, -limit);
  EXPECT_LE(s.high, limit);
  EXPECT_GT(s.high, 0.95 * limit);
}

void expect_normal(const array& a, double deviation) {
  const Statistics s = statistics(a);
  EXPECT_NEAR(s.mean, 0, 0.05 * deviation);
  EXPECT_NEAR(s.deviation, deviation, 0.05 * deviation);
  EXPECT_GT(s.high, 2.5 * deviation);
}

}  // namespace

TEST(Layers, HaveMlxsParameters) {
  for (const ParameterShapes& row : parameter_shapes()) {
    SCOPED_TRACE(row.name);
    const Parameters parameters = row.module->parameters();
    EXPECT_EQ(parameters.size(), row.shapes.size());
    for (const auto& [name, value] : parameters) {
      ASSERT_TRUE(row.shapes.count(name)) << name;
      EXPECT_EQ(value.shape(), row.shapes.at(name)) << name;
    }
  }
}

TEST(Layers, StartAsMlxsDo) {
  random::seed(7);
  expect_uniform(Linear(64, 100).weight, 1 / 8.0);
  expect_uniform(*Linear(64, 4000).bias, 1 / 8.0);
  expect_uniform(Bilinear(16, 20, 30).weight, 1 / 4.0);
  expect_normal(Embedding(200, 64).weight, 1 / 8.0);
  const Conv2d conv(8, 50, 3, 1, 0, 1, 2);
  expect_uniform(conv.weight, 1 / std::sqrt(72.0));
  expect_close(*conv.bias, std::vector<double>(50, 0), 0, 0);
  expect_uniform(ConvTranspose1d(8, 80, 9).weight, 1 / std::sqrt(72.0));
  expect_uniform(LSTM(20, 25).Wx, 1 / 5.0);
  expect_close(PReLU(2).weight, {0.25, 0.25}, 0, 0);
}

TEST(Layers, Linear) {
  Linear layer(2, 3);
  layer.update({{"weight", array({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}, Shape{3, 2})},
                {"bias", array({10.0f, 20.0f, 30.0f})}});
  const array x({1.0f, -1.0f, 0.5f, 2.0f}, Shape{2, 2});
  expect_close(layer(x), {9, 19, 29, 14.5, 29.5, 44.5}, 0, 0);
  Linear plain(2, 3, false);
  plain.update({{"weight", layer.weight}});
  expect_close(plain(x), {-1, -1, -1, 4.5, 9.5, 14.5}, 0, 0);
}

TEST(Layers, Bilinear) {
  Bilinear layer(2, 3, 4);
  const array x1 = random_array({2, 5, 2}), x2 = random_array({2, 5, 3}, float32, 2);
  const std::vector<double> w = doubles(layer.weight), b = doubles(*layer.bias);
  const std::vector<double> u = doubles(x1), v = doubles(x2);
  std::vector<double> wanted;
  for (size_t n = 0; n < 10; ++n) {
    for (size_t o = 0; o < 4; ++o) {
      double sum = b[o];
      for (size_t j = 0; j < 3; ++j) {
        for (size_t i = 0; i < 2; ++i) sum += u[2 * n + i] * w[(o * 3 + j) * 2 + i] * v[3 * n + j];
      }
      wanted.push_back(sum);
    }
  }
  const array y = layer(x1, x2);
  EXPECT_EQ(y.shape(), (Shape{2, 5, 4}));
  expect_close(y, wanted, 1e-6, 1e-6);
}

TEST(Layers, EmbeddingAndItsTranspose) {
  Embedding layer(4, 2);
  const std::vector<double> w = doubles(layer.weight);
  const array y = layer(array({3, 0, 3}, int32));
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  expect_close(y, {w[6], w[7], w[0], w[1], w[6], w[7]}, 0, 0);
  expect_close(layer.as_linear(array({1.0f, 2.0f})),
               {w[0] + 2 * w[1], w[2] + 2 * w[3], w[4] + 2 * w[5], w[6] + 2 * w[7]}, 1e-6, 1e-7);
}

TEST(Layers, SequentialRunsOneAfterTheOther) {
  const auto linear = std::make_shared<Linear>(2, 2);
  Sequential layers(linear, std::make_shared<ReLU>(), linear);
  const array x = random_array({3, 2});
  expect_close(layers(x), doubles((*linear)(relu((*linear)(x)))), 0, 0);
}

TEST(Layers, ConvolutionsAddTheirBias) {
  const array x = random_array({2, 6, 6, 4});
  Conv2d layer(4, 6, 3, Sizes<2>{2, 1}, 1, Sizes<2>{1, 2}, 2);
  const array bias = random_array({6});
  layer.update({{"bias", bias}});
  expect_close(layer(x), doubles(conv2d(x, layer.weight, {2, 1}, {1, 1}, {1, 2}, 2) + bias), 0, 0);
  ConvTranspose2d back(4, 6, 3, 2, 1, 1, Sizes<2>{1, 0});
  back.update({{"bias", bias}});
  expect_close(back(x),
               doubles(conv_transpose2d(x, back.weight, {2, 2}, {1, 1}, {1, 1}, {1, 0}) + bias), 0,
               0);
  EXPECT_EQ(Conv1d(4, 6, 3, 2, 1, 2)(random_array({2, 9, 4})).shape(), (Shape{2, 4, 6}));
  EXPECT_EQ(Conv3d(4, 6, 2)(random_array({1, 3, 4, 5, 4})).shape(), (Shape{1, 2, 3, 4, 6}));
  EXPECT_EQ(ConvTranspose1d(4, 6, 3, 2, 1, 1, 1)(random_array({2, 5, 4})).shape(),
            (Shape{2, 10, 6}));
  EXPECT_EQ(ConvTranspose3d(4, 6, 2, 2)(random_array({1, 2, 3, 4, 4})).shape(),
            (Shape{1, 4, 6, 8, 6}));
  try {
    Conv1d(5, 6, 3, 1, 0, 1, 2);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[Conv1d] 5 input channels cannot form 2 groups");
  }
}

TEST(Layers, QuantizedOnesComputeWithTheDequantizedWeight) {
  const Linear linear(128, 8);
  const auto layer = QuantizedLinear::from_linear(linear, {32, 8});
  const array w =
      dequantize(layer->quantized.weight, layer->quantized.scales, layer->quantized.biases, 32, 8);
  const array x = random_array({3, 128});
  expect_close((*layer)(x), doubles(addmm(*linear.bias, x, transpose(w))), 1e-5, 1e-5);
  EXPECT_TRUE(layer->trainable_parameters().empty());
  layer->unfreeze();
  EXPECT_EQ(layer->trainable_parameters().size(), 3u);  // all but the packed weight

  const Embedding embedding(16, 128);
  const auto quantized = QuantizedEmbedding::from_embedding(embedding);
  EXPECT_EQ(quantized->quantized.bits, 4);
  EXPECT_EQ(quantized->quantized.group_size, 64);
  const array rows = dequantize(quantized->quantized.weight, quantized->quantized.scales,
                                quantized->quantized.biases);
  const array ids({3, 15}, int32);
  expect_close((*quantized)(ids), doubles(take(rows, ids, 0)), 0, 0);
  expect_close(quantized->as_linear(x), doubles(matmul(x, transpose(rows))), 1e-5, 1e-5);
}

TEST(Layers, QQLinearQuantizesItsInputToo) {
  const Linear linear(64, 8, false);
  const array x = random_array({3, 64});
  for (const std::string mode : {"nvfp4", "mxfp8"}) {
    const auto rounded = [&](const array& a) {
      const Arrays parts = quern::quantize(a, std::nullopt, std::nullopt, mode);
      return dequantize(parts[0], parts[1], std::nullopt, std::nullopt, std::nullopt, mode,
                        std::nullopt, float32);
    };
    const std::vector<double> wanted =
        doubles(matmul(rounded(x), transpose(rounded(linear.weight))));
    const auto layer = QQLinear::from_linear(linear, {std::nullopt, std::nullopt, mode});
    EXPECT_EQ(names(layer->trainable_parameters()), (std::vector<std::string>{"weight"}));
    expect_close((*layer)(x), wanted, 1e-5, 1e-5);
    layer->eval();
    EXPECT_EQ(names(layer->parameters()), (std::vector<std::string>{"scales", "weight"}));
    EXPECT_EQ(layer->weight.dtype(), uint32);
    EXPECT_TRUE(layer->trainable_parameters().empty());
    expect_close((*layer)(x), wanted, 1e-5, 1e-5);
    layer->train();
    EXPECT_EQ(names(layer->trainable_parameters()), (std::vector<std::string>{"weight"}));
    EXPECT_EQ(layer->weight.dtype(), float32);
    expect_close(layer->weight, doubles(rounded(linear.weight)), 0, 0);
  }
  EXPECT_THROW(QQLinear::from_linear(Linear(64, 8), {}), std::invalid_argument);
  Sequential model(std::make_shared<Linear>(64, 8, false));
  EXPECT_THROW(quantize(model, {}, {}, "affine", {}, true), std::invalid_argument);
  quantize(model, {}, {}, "mxfp8", {}, true);
  EXPECT_TRUE(dynamic_cast<QQLinear*>(&model.layers[0]));
}

TEST(Layers, QuantizeReplacesWhatHasAQuantizedForm) {
  Sequential all(std::make_shared<Embedding>(16, 64), std::make_shared<Linear>(64, 64),
                 std::make_shared<ReLU>(), std::make_shared<Linear>(64, 3));
  quantize(all, 32, 8);
  EXPECT_TRUE(dynamic_cast<QuantizedEmbedding*>(&all.layers[0]));
  const auto* linear = dynamic_cast<QuantizedLinear*>(&all.layers[1]);
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->quantized.bits, 8);
  EXPECT_EQ(linear->quantized.group_size, 32);
  EXPECT_TRUE(dynamic_cast<ReLU*>(&all.layers[2]));

  Sequential some(std::make_shared<Embedding>(16, 64), std::make_shared<Linear>(64, 64),
                  std::make_shared<Linear>(64, 3));
  const QuantizePredicate predicate = [](const std::string& name,
                                         const Module&) -> std::variant<bool, QuantizeOptions> {
    if (name == "layers.2") return QuantizeOptions{32, 2};
    return name == "layers.1";
  };
  quantize(some, std::nullopt, std::nullopt, "affine", predicate);
  EXPECT_TRUE(dynamic_cast<Embedding*>(&some.layers[0]));
  EXPECT_EQ(dynamic_cast<QuantizedLinear&>(some.layers[1]).quantized.bits, 4);
  EXPECT_EQ(dynamic_cast<QuantizedLinear&>(some.layers[2]).quantized.bits, 2);
  Sequential none(std::make_shared<ReLU>());
  EXPECT_THROW(
      quantize(none, {}, {}, "affine", [](const std::string&, const Module&) { return true; }),
      std::invalid_argument);
}

TEST(Layers, DropoutKeepsTheMean) {
  random::seed(3);
  const array x = ones({100, 100});
  Dropout layer(0.25f);
  const array y = layer(x);
  const double kept = mean(y > 0.0f).item<double>();
  EXPECT_NEAR(kept, 0.75, 0.02);
  expect_close(max(y), {1 / 0.75}, 1e-6, 0);
  EXPECT_NE(doubles(layer(x)), doubles(y));
  layer.eval();
  expect_close(layer(x), doubles(x), 0, 0);
  expect_close(Dropout(0.0f)(x), doubles(x), 0, 0);
  EXPECT_THROW(Dropout(1.0f), std::invalid_argument);
  EXPECT_THROW(Dropout(-0.1f), std::invalid_argument);
}

TEST(Layers, DropoutOfChannelsIsTheSameEverywhere) {
  const array flat = Dropout2d()(ones({4, 5, 6, 8}));
  expect_close(max(flat, {1, 2}), doubles(min(flat, {1, 2})), 0, 0);
  const array deep = Dropout3d()(ones({3, 4, 5, 6, 8}));
  expect_close(max(deep, {1, 2, 3}), doubles(min(deep, {1, 2, 3})), 0, 0);
  const array single = Dropout2d()(ones({5, 6, 64}));
  expect_close(max(single, {0, 1}), doubles(min(single, {0, 1})), 0, 0);
  EXPECT_NE(max(single).item<float>(), min(single).item<float>());
  EXPECT_THROW(Dropout2d()(ones({5, 6})), std::invalid_argument);
  EXPECT_THROW(Dropout3d()(ones({5, 6, 7})), std::invalid_argument);
}

TEST(Layers, ARandomScopeDecidesWhatDropoutDraws) {
  Dropout layer(0.5f);
  const array x = ones({64});
  const auto drawn = [&](uint64_t seed) {
    const RandomScope scope(random::key(seed));
    const std::vector<double> first = doubles(layer(x));
    EXPECT_NE(doubles(layer(x)), first);
    return first;
  };
  const std::vector<double> once = drawn(5);
  EXPECT_EQ(drawn(5), once);
  EXPECT_NE(drawn(6), once);
}

TEST(Initializers, HaveTheirSpreads) {
  random::seed(11);
  const array a = zeros({100, 3, 3, 20});  // fans: 180 in, 900 out
  expect_normal(init::normal(0, 2)(a), 2);
  expect_uniform(init::uniform(-3, 3)(a), 3);
  expect_close(init::constant(4)(zeros({2})), {4, 4}, 0, 0);
  expect_normal(init::glorot_normal()(a), std::sqrt(2 / 1080.0));
  expect_uniform(init::glorot_uniform()(a, 2), 2 * std::sqrt(6 / 1080.0));
  expect_normal(init::he_normal()(a), 1 / std::sqrt(180.0));
  expect_normal(init::he_normal()(a, "fan_out", 3), 3 / std::sqrt(900.0));
  expect_uniform(init::he_uniform()(a), std::sqrt(3 / 180.0));
  EXPECT_EQ(init::he_normal(bfloat16)(a).dtype(), bfloat16);
  EXPECT_THROW(init::he_normal()(a, "fan"), std::invalid_argument);
  EXPECT_THROW(init::glorot_normal()(zeros({3})), std::invalid_argument);
}

TEST(Initializers, MakeMatrices) {
  random::seed(13);
  expect_close(init::identity()(zeros({2, 2})), {1, 0, 0, 1}, 0, 0);
  EXPECT_THROW(init::identity()(zeros({2, 3})), std::invalid_argument);
  const array sparse = init::sparse(0.3)(zeros({40, 10}));
  expect_close(sum(astype(sparse == 0.0f, int32), 1), std::vector<double>(40, 3), 0, 0);
  EXPECT_GT(max(sum(astype(sparse == 0.0f, int32), 0)).item<int>(), 12);
  EXPECT_THROW(init::sparse(0.3)(zeros({2})), std::invalid_argument);
  const array tall = init::orthogonal(2)(zeros({6, 4}));
  EXPECT_EQ(tall.shape(), (Shape{6, 4}));
  expect_close(matmul(transpose(tall), tall), doubles(eye(4) * 4.0f), 1e-5, 1e-5);
  const array wide = init::orthogonal()(zeros({3, 5}));
  expect_close(matmul(wide, transpose(wide)), doubles(eye(3)), 1e-5, 1e-5);
  EXPECT_THROW(init::orthogonal()(zeros({2})), std::invalid_argument);
}

}  // namespace quern::tests
