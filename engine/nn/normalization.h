#pragma once

#include "engine/nn/module.h"

namespace quern::nn {

// Parameters: weight and bias, one number per feature (the last axis), ones and zeros at first;
// without `affine` none. All constructors throw std::invalid_argument unless eps > 0.

/// Each feature of each example, over its positions. x: [N, ..., C], at least 3 axes.
class InstanceNorm final : public Layer {
 public:
  explicit InstanceNorm(int dims, float eps = 1e-5f, bool affine = false);
  array operator()(const array& x) override;

  std::optional<Parameter> weight, bias;

 private:
  float eps_;
};

/// The last axis (Ba, Kiros & Hinton 2016).
class LayerNorm final : public Layer {
 public:
  explicit LayerNorm(int dims, float eps = 1e-5f, bool affine = true, bool bias = true);
  array operator()(const array& x) override;

  std::optional<Parameter> weight, bias;

 private:
  float eps_;
};

/// The last axis, without its mean (Zhang & Sennrich 2019). Parameter: weight.
class RMSNorm final : public Layer {
 public:
  explicit RMSNorm(int dims, float eps = 1e-5f);
  array operator()(const array& x) override;

  Parameter weight;

 private:
  float eps_;
};

/// Groups of features of each example, over its positions (Wu & He 2018). x: [N, ..., C]. Feature c
/// is in group c % num_groups, or c / (C / num_groups) when pytorch_compatible.
class GroupNorm final : public Layer {
 public:
  /// Throws std::invalid_argument unless num_groups divides dims.
  GroupNorm(int num_groups, int dims, float eps = 1e-5f, bool affine = true,
            bool pytorch_compatible = false);
  array operator()(const array& x) override;

  std::optional<Parameter> weight, bias;

 private:
  int num_groups_;
  float eps_;
  bool pytorch_compatible_;
};

/// Each feature over the batch and its positions (Ioffe & Szegedy 2015). x: [N, C], [N, L, C] or
/// [N, H, W, C].
///
/// In training, by the statistics of x, which also move running_mean and running_var (fixed
/// parameters) by `momentum`; the variance that goes there is the unbiased one. Else by the running
/// ones, if it keeps them.
class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(int num_features, float eps = 1e-5f, float momentum = 0.1f, bool affine = true,
                     bool track_running_stats = true);
  /// Throws std::invalid_argument for another number of axes and, in training, when there is one
  /// value per feature.
  array operator()(const array& x) override;

  std::optional<Parameter> weight, bias, running_mean, running_var;

 private:
  float eps_, momentum_;
};

}  // namespace quern::nn
