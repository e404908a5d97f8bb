#include "engine/nn/activations.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/reduce.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double softplus_of(double x) { return std::log1p(std::exp(x)); }
double elu_of(double x, double alpha) { return x > 0 ? x : alpha * (std::exp(x) - 1); }

struct Row {
  const char* name;
  std::function<array(const array&)> function;
  std::function<double(double)> wanted;
  std::shared_ptr<nn::Layer> layer;  ///< with its default arguments
};

template <typename F>
std::function<array(const array&)> of(F function) {
  return [function](const array& x) { return function(x); };
}

const std::vector<Row>& rows() {
  using namespace nn;
  static const std::vector<Row> all{
      {"sigmoid", of([](const array& x) { return nn::sigmoid(x); }), sigmoid_of,
       std::make_shared<Sigmoid>()},
      {"tanh", of([](const array& x) { return nn::tanh(x); }),
       [](double x) { return std::tanh(x); }, std::make_shared<Tanh>()},
      {"relu", relu, [](double x) { return std::max(x, 0.0); }, std::make_shared<ReLU>()},
      {"relu2", relu2, [](double x) { return x > 0 ? x * x : 0; }, std::make_shared<ReLU2>()},
      {"relu6", relu6, [](double x) { return std::min(std::max(x, 0.0), 6.0); },
       std::make_shared<ReLU6>()},
      {"leaky_relu", of([](const array& x) { return leaky_relu(x); }),
       [](double x) { return x > 0 ? x : 0.01 * x; }, std::make_shared<LeakyReLU>()},
      {"prelu", of([](const array& x) { return prelu(x, array(0.25f, x.dtype())); }),
       [](double x) { return x > 0 ? x : 0.25 * x; }, std::make_shared<PReLU>()},
      {"elu", of([](const array& x) { return elu(x); }), [](double x) { return elu_of(x, 1); },
       std::make_shared<ELU>()},
      {"celu", of([](const array& x) { return celu(x, 2.0f); }),
       [](double x) { return x > 0 ? x : 2 * (std::exp(x / 2) - 1); },
       std::make_shared<CELU>(2.0f)},
      {"selu", selu, [](double x) { return 1.0507 * elu_of(x, 1.67326); },
       std::make_shared<SELU>()},
      {"gelu", gelu, [](double x) { return x * (1 + std::erf(x / std::sqrt(2.0))) / 2; },
       std::make_shared<GELU>()},
      {"gelu_approx", gelu_approx,
       [](double x) {
         return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
       },
       std::make_shared<GELU>("tanh")},
      {"gelu_fast_approx", gelu_fast_approx, [](double x) { return x * sigmoid_of(1.702 * x); },
       std::make_shared<GELU>("fast")},
      {"silu", silu, [](double x) { return x * sigmoid_of(x); }, std::make_shared<SiLU>()},
      {"mish", mish, [](double x) { return x * std::tanh(softplus_of(x)); },
       std::make_shared<Mish>()},
      {"hardswish", hardswish, [](double x) { return x * std::min(std::max(x + 3, 0.0), 6.0) / 6; },
       std::make_shared<Hardswish>()},
      {"hard_tanh", of([](const array& x) { return hard_tanh(x); }),
       [](double x) { return std::min(std::max(x, -1.0), 1.0); }, std::make_shared<HardTanh>()},
      {"hard_shrink", of([](const array& x) { return hard_shrink(x); }),
       [](double x) { return std::abs(x) > 0.5 ? x : 0; }, std::make_shared<HardShrink>()},
      {"softshrink", of([](const array& x) { return softshrink(x); }),
       [](double x) { return std::abs(x) > 0.5 ? x - (x > 0 ? 0.5 : -0.5) : 0; },
       std::make_shared<Softshrink>()},
      {"softplus", softplus, softplus_of, std::make_shared<Softplus>()},
      {"softsign", softsign, [](double x) { return x / (1 + std::abs(x)); },
       std::make_shared<Softsign>()},
      {"log_sigmoid", log_sigmoid, [](double x) { return -softplus_of(-x); },
       std::make_shared<LogSigmoid>()},
      {"step", of([](const array& x) { return step(x, 0.5f); }),
       [](double x) { return x >= 0.5 ? 1 : 0; }, std::make_shared<Step>(0.5f)},
  };
  return all;
}

std::vector<double> each(const array& x, const std::function<double(double)>& function) {
  std::vector<double> wanted = doubles(x);
  for (double& value : wanted) value = function(value);
  return wanted;
}

}  // namespace

TEST(Activations, AreTheirFormulas) {
  // 8.1 and -8.1 lie beyond every bend.
  const array x = random_array({4, 37}) * 8.1f;
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    expect_close(row.function(x), each(x, row.wanted), 2e-6, 2e-6);
    expect_close((*row.layer)(x), each(x, row.wanted), 2e-6, 2e-6);
  }
}

TEST(Activations, KeepHalfDtypes) {
  for (const Dtype dtype : {float16, bfloat16}) {
    const array x = astype(random_array({64}) * 3.0f, dtype);
    for (const Row& row : rows()) {
      SCOPED_TRACE(row.name);
      const array y = row.function(x);
      EXPECT_EQ(y.dtype(), row.name == std::string("step") ? int32 : dtype);
      expect_close(y, each(x, row.wanted), 8 * precision(dtype), 8 * precision(dtype));
    }
  }
}

TEST(Activations, SoftmaxesRunAlongAnAxis) {
  const array x = random_array({3, 5}) * 4.0f;
  const std::vector<double> in = doubles(x);
  for (const int axis : {0, 1, -1}) {
    std::vector<double> soft(15), soft_negative(15);
    for (int i = 0; i < 15; ++i) {
      double total = 0, total_negative = 0;
      for (int k = 0; k < (axis == 0 ? 3 : 5); ++k) {
        const int j = axis == 0 ? k * 5 + i % 5 : i / 5 * 5 + k;
        total += std::exp(in[size_t(j)]);
        total_negative += std::exp(-in[size_t(j)]);
      }
      soft[size_t(i)] = std::exp(in[size_t(i)]) / total;
      soft_negative[size_t(i)] = std::exp(-in[size_t(i)]) / total_negative;
    }
    std::vector<double> log_soft = soft;
    for (double& p : log_soft) p = std::log(p);
    expect_close(nn::softmax(x, axis), soft, 1e-6, 1e-7);
    expect_close(nn::softmin(x, axis), soft_negative, 1e-6, 1e-7);
    expect_close(nn::log_softmax(x, axis), log_soft, 1e-6, 1e-6);
    if (axis != -1) continue;
    expect_close(nn::Softmax()(x), soft, 1e-6, 1e-7);
    expect_close(nn::Softmin()(x), soft_negative, 1e-6, 1e-7);
    expect_close(nn::LogSoftmax()(x), log_soft, 1e-6, 1e-6);
  }
}

TEST(Activations, LogSoftmaxOfLargeNumbersKeepsTheirDifferences) {
  const array y = nn::log_softmax(array({1e8f, 1e8f, -1e8f}));
  expect_close(y, {-std::log(2.0), -std::log(2.0), -2e8}, 1e-6, 0);
}

TEST(Activations, GluGatesTheFirstHalfByTheSecond) {
  const array x({1.0f, -2.0f, 3.0f, 0.0f, 5.0f, -6.0f, 0.5f, 1.0f}, Shape{2, 4});
  expect_close(nn::glu(x),
               {sigmoid_of(3), -2 * sigmoid_of(0), 5 * sigmoid_of(0.5), -6 * sigmoid_of(1)}, 1e-6,
               0);
  expect_close(nn::GLU(0)(x), {sigmoid_of(5), -2 * sigmoid_of(-6), 3 * sigmoid_of(0.5), 0}, 1e-6,
               0);
  EXPECT_THROW(nn::glu(array({1.0f, 2.0f, 3.0f})), std::invalid_argument);
}

TEST(Activations, PReLUHasItsSlopesAsWeight) {
  nn::PReLU layer(3, 0.5f);
  layer.update({{"weight", array({0.5f, 2.0f, 0.0f})}});
  expect_close(layer(array({-1.0f, -1.0f, -1.0f, 2.0f, 2.0f, 2.0f}, Shape{2, 3})),
               {-0.5, -2, 0, 2, 2, 2}, 0, 0);
}

TEST(Activations, AnUnknownApproximationIsAnError) {
  EXPECT_THROW(nn::GELU("best"), std::invalid_argument);
}

}  // namespace quern::tests
