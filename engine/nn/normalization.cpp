#include "engine/nn/normalization.h"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/fast.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/ops/weak_scalar.h"

namespace quern::nn {

namespace {

float positive_eps(float eps, const char* where) {
  if (eps > 0) return eps;
  throw std::invalid_argument(fmt::format("[{}] eps is {}, not above 0", where, eps));
}

array scaled(const array& x, const std::optional<Parameter>& weight,
             const std::optional<Parameter>& bias) {
  return weight ? add(multiply(*weight, x), *bias) : x;
}

array standardized(const array& x, const array& mean, const array& variance, float eps) {
  return multiply(subtract(x, mean), rsqrt(add(variance, weak_scalar(eps, variance))));
}

/// Ones and zeros per feature.
void make_affine(Module& owner, int dims, std::optional<Parameter>& weight,
                 std::optional<Parameter>& bias) {
  weight.emplace(owner, "weight", ones({dims}));
  bias.emplace(owner, "bias", zeros({dims}));
}

}  // namespace

InstanceNorm::InstanceNorm(int dims, float eps, bool affine)
    : eps_(positive_eps(eps, "InstanceNorm")) {
  if (affine) make_affine(*this, dims, weight, bias);
}

array InstanceNorm::operator()(const array& x) {
  if (x.ndim() < 3) {
    throw std::invalid_argument(
        fmt::format("[InstanceNorm] the input has {} axes, not 3 or more", x.ndim()));
  }
  const array features_first = moveaxis(x, -1, 1);
  const array rows = reshape(features_first, {x.shape(0), x.shape(-1), -1});
  const array y = fast::layer_norm(rows, std::nullopt, std::nullopt, eps_);
  return scaled(moveaxis(reshape(y, features_first.shape()), 1, -1), weight, bias);
}

LayerNorm::LayerNorm(int dims, float eps, bool affine, bool bias)
    : eps_(positive_eps(eps, "LayerNorm")) {
  if (affine) weight.emplace(*this, "weight", ones({dims}));
  if (affine && bias) this->bias.emplace(*this, "bias", zeros({dims}));
}

array LayerNorm::operator()(const array& x) { return fast::layer_norm(x, weight, bias, eps_); }

RMSNorm::RMSNorm(int dims, float eps)
    : weight(*this, "weight", ones({dims})), eps_(positive_eps(eps, "RMSNorm")) {}

array RMSNorm::operator()(const array& x) { return fast::rms_norm(x, weight, eps_); }

GroupNorm::GroupNorm(int num_groups, int dims, float eps, bool affine, bool pytorch_compatible)
    : num_groups_(num_groups),
      eps_(positive_eps(eps, "GroupNorm")),
      pytorch_compatible_(pytorch_compatible) {
  if (num_groups <= 0 || dims <= 0 || dims % num_groups != 0) {
    throw std::invalid_argument(
        fmt::format("[GroupNorm] {} features cannot form {} groups", dims, num_groups));
  }
  if (affine) make_affine(*this, dims, weight, bias);
}

array GroupNorm::operator()(const array& x) {
  const int batch = x.shape(0);
  if (!pytorch_compatible_) {
    const array rows = reshape(x, {batch, -1, num_groups_});
    const array y = standardized(rows, mean(rows, 1, true), var(rows, 1, true), eps_);
    return scaled(reshape(y, x.shape()), weight, bias);
  }
  const array groups =
      swapaxes(reshape(x, {batch, -1, num_groups_, x.shape(-1) / num_groups_}), 1, 2);
  const array rows = reshape(groups, {batch, num_groups_, -1});
  const array y = reshape(fast::layer_norm(rows, std::nullopt, std::nullopt, eps_), groups.shape());
  return scaled(reshape(swapaxes(y, 1, 2), x.shape()), weight, bias);
}

BatchNorm::BatchNorm(int num_features, float eps, float momentum, bool affine,
                     bool track_running_stats)
    : eps_(positive_eps(eps, "BatchNorm")), momentum_(momentum) {
  if (affine) make_affine(*this, num_features, weight, bias);
  if (!track_running_stats) return;
  running_mean.emplace(*this, "running_mean", zeros({num_features}), Parameter::Role::fixed);
  running_var.emplace(*this, "running_var", ones({num_features}), Parameter::Role::fixed);
}

array BatchNorm::operator()(const array& x) {
  if (x.ndim() < 2 || x.ndim() > 4) {
    throw std::invalid_argument(
        fmt::format("[BatchNorm] the input has {} axes, not 2, 3 or 4", x.ndim()));
  }
  if (!training() && running_mean) {
    return scaled(standardized(x, *running_mean, *running_var, eps_), weight, bias);
  }
  if (training() && x.size() == size_t(x.shape(-1))) {
    throw std::invalid_argument(
        fmt::format("[BatchNorm] training needs more than one value per feature; the input is {}",
                    to_string(x.shape())));
  }
  std::vector<int> axes(x.ndim() - 1);
  std::iota(axes.begin(), axes.end(), 0);
  const array batch_mean = mean(x, axes);
  if (training() && running_mean) {
    const auto moved = [&](const array& running, const array& batch) {
      return add(multiply(weak_scalar(1 - double(momentum_), running), running),
                 multiply(weak_scalar(momentum_, batch), batch));
    };
    *running_mean = moved(*running_mean, batch_mean);
    *running_var = moved(*running_var, var(x, axes, false, 1));
  }
  return scaled(standardized(x, batch_mean, var(x, axes), eps_), weight, bias);
}

}  // namespace quern::nn
