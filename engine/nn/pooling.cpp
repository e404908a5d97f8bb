#include "engine/nn/pooling.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <numeric>
#include <stdexcept>

#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace quern::nn {

namespace {

void require_at_least(int least, const std::vector<int>& values, const char* name,
                      const char* what) {
  for (const int value : values) {
    if (value >= least) continue;
    throw std::invalid_argument(
        fmt::format("[{}] the {} {} is below {}", name, what, fmt::join(values, ", "), least));
  }
}

}  // namespace

Pooling::Pooling(Kind kind, const char* name, std::vector<int> kernel_size, std::vector<int> stride,
                 std::vector<int> padding)
    : kind_(kind),
      name_(name),
      kernel_size_(std::move(kernel_size)),
      stride_(std::move(stride)),
      padding_(std::move(padding)) {
  require_at_least(1, kernel_size_, name, "kernel size");
  require_at_least(1, stride_, name, "stride");
  require_at_least(0, padding_, name, "padding");
}

array Pooling::padded(const array& x) const {
  std::vector<std::pair<int, int>> widths{{0, 0}};
  for (const int padding : padding_) widths.emplace_back(padding, padding);
  widths.emplace_back(0, 0);
  const float value = kind_ == Kind::max ? -std::numeric_limits<float>::infinity() : 0.0f;
  return pad(x, widths, array(value, x.dtype()));
}

array Pooling::windows(const array& x) const {
  const size_t spatial = kernel_size_.size();
  Shape counts(spatial, 0);
  bool tiled = true;
  for (size_t i = 0; i < spatial; ++i) {
    const int length = x.shape(int(i) + 1);
    if (length < kernel_size_[i]) {
      throw std::invalid_argument(fmt::format("[{}] the input {} is shorter than a window of {}",
                                              name_, to_string(x.shape()),
                                              fmt::join(kernel_size_, ", ")));
    }
    counts[i] = (length - kernel_size_[i]) / stride_[i] + 1;
    tiled = tiled && stride_[i] == kernel_size_[i] && length % kernel_size_[i] == 0;
  }
  Shape shape{x.shape(0)};
  if (tiled) {
    for (size_t i = 0; i < spatial; ++i) {
      shape.push_back(counts[i]);
      shape.push_back(kernel_size_[i]);
    }
    shape.push_back(x.shape(-1));
    std::vector<int> order{0};
    for (size_t i = 0; i < spatial; ++i) order.push_back(int(2 * i) + 1);
    for (size_t i = 0; i < spatial; ++i) order.push_back(int(2 * i) + 2);
    order.push_back(int(2 * spatial) + 1);
    return transpose(reshape(x, shape), order);
  }
  const Strides elements = row_major_strides(x.shape());
  Strides strides{elements[0]};
  for (size_t i = 0; i < spatial; ++i) {
    shape.push_back(counts[i]);
    strides.push_back(elements[i + 1] * stride_[i]);
  }
  for (size_t i = 0; i < spatial; ++i) {
    shape.push_back(kernel_size_[i]);
    strides.push_back(elements[i + 1]);
  }
  shape.push_back(x.shape(-1));
  strides.push_back(1);
  return as_strided(x, shape, strides, 0);
}

array Pooling::operator()(const array& x) {
  if (x.ndim() != kernel_size_.size() + 2) {
    throw std::invalid_argument(fmt::format("[{}] the input {} should have {} axes, N, space and C",
                                            name_, to_string(x.shape()), kernel_size_.size() + 2));
  }
  std::vector<int> axes(kernel_size_.size());
  std::iota(axes.begin(), axes.end(), int(axes.size()) + 1);
  const array all = windows(padded(x));
  return kind_ == Kind::max ? max(all, axes) : mean(all, axes);
}

}  // namespace quern::nn
