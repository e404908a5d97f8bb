#pragma once

#include <optional>

#include "engine/nn/module.h"
#include "engine/nn/sizes.h"

namespace quern::nn {

/// Reduces windows of the spatial axes of x [N, spatial..., C], each axis by its own kernel size,
/// stride (the kernel size when none is given) and padding on both sides. All constructors throw
/// std::invalid_argument for sizes and strides below 1 and paddings below 0; calls, for an input
/// with another number of axes or shorter than a window.
class Pooling : public Layer {
 public:
  enum class Kind { max, mean };

  array operator()(const array& x) override;

 protected:
  Pooling(Kind kind, const char* name, std::vector<int> kernel_size, std::vector<int> stride,
          std::vector<int> padding);

 private:
  array padded(const array& x) const;
  array windows(const array& x) const;

  Kind kind_;
  const char* name_;
  std::vector<int> kernel_size_, stride_, padding_;
};

/// The largest element of each window; padding counts as -infinity. Or the mean of each window,
/// where padding counts as zeros.
template <Pooling::Kind kind, size_t N>
class PoolingOf final : public Pooling {
 public:
  explicit PoolingOf(Sizes<N> kernel_size, std::optional<Sizes<N>> stride = std::nullopt,
                     Sizes<N> padding = 0)
      : Pooling(kind, names[N - 1], kernel_size.vector(), stride.value_or(kernel_size).vector(),
                padding.vector()) {}

 private:
  static constexpr const char* names[] = {
      kind == Kind::max ? "MaxPool1d" : "AvgPool1d",
      kind == Kind::max ? "MaxPool2d" : "AvgPool2d",
      kind == Kind::max ? "MaxPool3d" : "AvgPool3d",
  };
};

using MaxPool1d = PoolingOf<Pooling::Kind::max, 1>;
using MaxPool2d = PoolingOf<Pooling::Kind::max, 2>;
using MaxPool3d = PoolingOf<Pooling::Kind::max, 3>;
using AvgPool1d = PoolingOf<Pooling::Kind::mean, 1>;
using AvgPool2d = PoolingOf<Pooling::Kind::mean, 2>;
using AvgPool3d = PoolingOf<Pooling::Kind::mean, 3>;

}  // namespace quern::nn
