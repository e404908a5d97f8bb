#pragma once

#include <ratio>

#include "engine/nn/module.h"
#include "engine/ops/unary.h"

namespace quern::nn {

// Functions of one array, element by element but for the softmaxes and glu; they keep float dtypes.

using quern::sigmoid;
using quern::tanh;

/// max(x, 0); its square; clipped at 6.
array relu(const array& x);
array relu2(const array& x);
array relu6(const array& x);
/// max(negative_slope * x, x).
array leaky_relu(const array& x, float negative_slope = 0.01f);
/// max(x, 0) + alpha * min(x, 0).
array prelu(const array& x, const array& alpha);
/// alpha * (exp(x) - 1) where x <= 0 (Clevert et al. 2016); with exp(x / alpha) (Barron 2017).
array elu(const array& x, float alpha = 1.0f);
array celu(const array& x, float alpha = 1.0f);
/// elu with alpha = 1.67326, times 1.0507 (Klambauer et al. 2017).
array selu(const array& x);
/// x times the normal distribution function (Hendrycks & Gimpel 2016); by tanh; by a sigmoid.
array gelu(const array& x);
array gelu_approx(const array& x);
array gelu_fast_approx(const array& x);
/// x * sigmoid(x), also known as Swish.
array silu(const array& x);
/// x * tanh(softplus(x)) (Misra 2019).
array mish(const array& x);
/// x * min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
array hardswish(const array& x);
array hard_tanh(const array& x, float min_val = -1.0f, float max_val = 1.0f);
/// x where |x| > lambda, else 0; moved towards 0 by lambda.
array hard_shrink(const array& x, float lambda = 0.5f);
array softshrink(const array& x, float lambda = 0.5f);
/// log(1 + exp(x)).
array softplus(const array& x);
/// x / (1 + |x|).
array softsign(const array& x);
/// -softplus(-x).
array log_sigmoid(const array& x);
/// int32: 1 where x >= threshold, else 0.
array step(const array& x, float threshold = 0.0f);
array softmax(const array& x, int axis = -1);
/// softmax(-x).
array softmin(const array& x, int axis = -1);
array log_softmax(const array& x, int axis = -1);
/// The first half of the axis times the sigmoid of the second (Dauphin et al. 2017). Throws
/// std::invalid_argument when its length is odd.
array glu(const array& x, int axis = -1);

/// The same as layers.
template <array (*function)(const array&)>
class ActivationLayer final : public Layer {
 public:
  array operator()(const array& x) override { return function(x); }
};

/// ... with a number that the function takes; Default is a std::ratio.
template <array (*function)(const array&, float), typename Default>
class ActivationLayerWith final : public Layer {
 public:
  explicit ActivationLayerWith(float value = float(Default::num) / float(Default::den))
      : value_(value) {}
  array operator()(const array& x) override { return function(x, value_); }

 private:
  float value_;
};

/// ... over the last axis.
template <array (*function)(const array&, int)>
class LastAxisActivationLayer final : public Layer {
 public:
  array operator()(const array& x) override { return function(x, -1); }
};

inline array plain_sigmoid(const array& x) { return quern::sigmoid(x); }
inline array plain_tanh(const array& x) { return quern::tanh(x); }
inline array plain_hard_tanh(const array& x) { return hard_tanh(x); }

using Sigmoid = ActivationLayer<plain_sigmoid>;
using Tanh = ActivationLayer<plain_tanh>;
using ReLU = ActivationLayer<relu>;
using ReLU2 = ActivationLayer<relu2>;
using ReLU6 = ActivationLayer<relu6>;
using SELU = ActivationLayer<selu>;
using SiLU = ActivationLayer<silu>;
using Mish = ActivationLayer<mish>;
using Hardswish = ActivationLayer<hardswish>;
using HardTanh = ActivationLayer<plain_hard_tanh>;
using Softplus = ActivationLayer<softplus>;
using Softsign = ActivationLayer<softsign>;
using LogSigmoid = ActivationLayer<log_sigmoid>;
using LeakyReLU = ActivationLayerWith<leaky_relu, std::ratio<1, 100>>;
using ELU = ActivationLayerWith<elu, std::ratio<1>>;
using CELU = ActivationLayerWith<celu, std::ratio<1>>;
using HardShrink = ActivationLayerWith<hard_shrink, std::ratio<1, 2>>;
using Softshrink = ActivationLayerWith<softshrink, std::ratio<1, 2>>;
using Step = ActivationLayerWith<step, std::ratio<0>>;
using Softmax = LastAxisActivationLayer<softmax>;
using Softmin = LastAxisActivationLayer<softmin>;
using LogSoftmax = LastAxisActivationLayer<log_softmax>;

class GLU final : public Layer {
 public:
  explicit GLU(int axis = -1) : axis_(axis) {}
  array operator()(const array& x) override { return glu(x, axis_); }

 private:
  int axis_;
};

class GELU final : public Layer {
 public:
  /// approx: "none" for gelu, "precise" or "tanh" for gelu_approx, "fast" for gelu_fast_approx.
  /// Throws std::invalid_argument for another.
  explicit GELU(const std::string& approx = "none");
  array operator()(const array& x) override { return function_(x); }

 private:
  array (*function_)(const array&);
};

/// prelu with its slopes as the parameter weight [num_parameters], one or one per feature.
class PReLU final : public Layer {
 public:
  explicit PReLU(int num_parameters = 1, float init = 0.25f);
  array operator()(const array& x) override { return prelu(x, weight); }

  Parameter weight;
};

}  // namespace quern::nn
