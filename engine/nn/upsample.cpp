#include "engine/nn/upsample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"

namespace quern::nn {

namespace {

/// One of the samples that each output along an axis is a weighted sum of.
struct Tap {
  std::vector<int> indices;
  std::vector<float> weights;
};

int output_length(int length, float scale) { return int(double(scale) * length); }

/// Where the outputs lie between the inputs. In float32 as in MLX: the same inputs are chosen.
std::vector<float> positions(int length, float scale, bool align_corners) {
  const int count = output_length(length, scale);
  std::vector<float> result;
  const double step = align_corners ? double(length - 1) / std::max(count - 1, 1) : 1.0 / scale;
  const double start = align_corners ? 0.0 : ((count - 1) * step - length + 1) / 2;
  for (int i = 0; i < count; ++i) result.push_back(float(i) * float(step) - float(start));
  return result;
}

std::vector<int> nearest_indices(int length, float scale) {
  const int count = output_length(length, scale);
  const float step = float(double(length) / count);
  std::vector<int> indices;
  for (int i = 0; i < count; ++i) {
    indices.push_back(count > length ? int(std::nearbyint((float(i) + 0.5f) * step - 0.5f))
                                     : int(float(i) * step));
  }
  return indices;
}

std::vector<Tap> linear_taps(int length, float scale, bool align_corners) {
  Tap left, right;
  for (const float position : positions(length, scale, align_corners)) {
    const float inside = std::clamp(position, 0.0f, float(length - 1));
    const float weight = inside - std::floor(inside);
    left.indices.push_back(int(std::floor(inside)));
    left.weights.push_back(1 - weight);
    right.indices.push_back(int(std::ceil(inside)));
    right.weights.push_back(weight);
  }
  return {left, right};
}

/// The cubic convolution kernel at a distance.
float cubic(float distance, float a) {
  const float x = distance;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x <= 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

std::vector<Tap> cubic_taps(int length, float scale, bool align_corners) {
  std::vector<Tap> taps(4);
  for (const float position : positions(length, scale, align_corners)) {
    for (int k = 0; k < 4; ++k) {
      const float grid = std::floor(position) + float(k - 1);
      taps[size_t(k)].indices.push_back(int(std::clamp(grid, 0.0f, float(length - 1))));
      taps[size_t(k)].weights.push_back(cubic(std::abs(position - grid), -0.75f));
    }
  }
  return taps;
}

/// Taps of a kernel (0 beyond `radius`) that widens when shrinking; weights sum to 1.
template <typename Kernel>
std::vector<Tap> antialiased_taps(int length, float scale, float radius, Kernel kernel) {
  const float widening = scale < 1 ? 1 / scale : 1.0f;
  const int reach = int(std::ceil(radius * widening)) + 1;
  std::vector<Tap> taps(size_t(2 * reach - 1));
  for (const float position : positions(length, scale, false)) {
    float total = 0;
    for (int k = 1 - reach; k < reach; ++k) {
      const float grid = std::floor(position) + float(k);
      const bool inside = grid >= 0 && grid < float(length);
      const float weight = inside ? kernel(std::abs(position - grid) / widening) : 0.0f;
      Tap& tap = taps[size_t(k + reach - 1)];
      tap.indices.push_back(int(std::clamp(grid, 0.0f, float(length - 1))));
      tap.weights.push_back(weight);
      total += weight;
    }
    for (Tap& tap : taps) tap.weights.back() /= total > 0 ? total : 1;
  }
  return taps;
}

float triangle(float distance) { return std::max(1 - distance, 0.0f); }
float smooth_cubic(float distance) { return cubic(distance, -0.5f); }

array weighted_sum(const array& x, const std::vector<Tap>& taps, int axis) {
  Shape shape(x.ndim(), 1);
  shape[size_t(axis)] = ShapeElem(taps[0].indices.size());
  Arrays terms;
  for (const Tap& tap : taps) {
    const array indices(tap.indices.begin(), {ShapeElem(tap.indices.size())});
    const array weights(tap.weights.begin(), shape);
    const array term = multiply(take(x, indices, axis), weights);
    if (terms.empty()) {
      terms.push_back(term);
    } else {
      terms[0] = add(terms[0], term);
    }
  }
  return terms[0];
}

}  // namespace

Upsample::Upsample(float scale_factor, const std::string& mode, bool align_corners, bool antialias)
    : Upsample(std::vector<float>{scale_factor}, mode, align_corners, antialias) {}

Upsample::Upsample(std::vector<float> scale_factor, const std::string& mode, bool align_corners,
                   bool antialias)
    : scale_factor_(std::move(scale_factor)), align_corners_(align_corners), antialias_(antialias) {
  if (mode == "nearest") {
    mode_ = Mode::nearest;
  } else if (mode == "linear") {
    mode_ = Mode::linear;
  } else if (mode == "cubic") {
    mode_ = Mode::cubic;
  } else {
    throw std::invalid_argument(
        fmt::format("[Upsample] the mode is nearest, linear or cubic, not \"{}\"", mode));
  }
  if (antialias && (mode_ == Mode::nearest || align_corners)) {
    throw std::invalid_argument("[Upsample] antialias goes with neither nearest nor align_corners");
  }
  for (const float scale : scale_factor_) {
    if (scale > 0) continue;
    throw std::invalid_argument(fmt::format("[Upsample] the scale {} is not above 0", scale));
  }
}

array Upsample::operator()(const array& x) {
  const int spatial = int(x.ndim()) - 2;
  if (spatial < 1 || (scale_factor_.size() != 1 && int(scale_factor_.size()) != spatial)) {
    throw std::invalid_argument(fmt::format("[Upsample] {} scales for an input of shape {}",
                                            scale_factor_.size(), to_string(x.shape())));
  }
  array y = x;
  for (int i = 0; i < spatial; ++i) {
    const int axis = i + 1, length = x.shape(axis);
    const float scale = scale_factor_[scale_factor_.size() == 1 ? 0 : size_t(i)];
    if (mode_ == Mode::nearest) {
      const std::vector<int> indices = nearest_indices(length, scale);
      y = take(y, array(indices.begin(), {ShapeElem(indices.size())}), axis);
    } else if (antialias_) {
      y = weighted_sum(y,
                       mode_ == Mode::linear ? antialiased_taps(length, scale, 1, triangle)
                                             : antialiased_taps(length, scale, 2, smooth_cubic),
                       axis);
    } else {
      y = weighted_sum(y,
                       mode_ == Mode::linear ? linear_taps(length, scale, align_corners_)
                                             : cubic_taps(length, scale, align_corners_),
                       axis);
    }
  }
  return y;
}

}  // namespace quern::nn
