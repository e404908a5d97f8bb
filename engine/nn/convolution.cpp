#include "engine/nn/convolution.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/conv.h"
#include "engine/ops/creation.h"
#include "engine/ops/random.h"

namespace quern::nn {

namespace {

array initial_weight(int in_channels, int out_channels, const std::vector<int>& kernel_size,
                     int groups) {
  Shape shape{out_channels};
  double inputs = in_channels;
  for (const int length : kernel_size) {
    shape.push_back(length);
    inputs *= length;
  }
  shape.push_back(in_channels / groups);
  const float limit = float(std::sqrt(1 / inputs));
  return random::uniform(-limit, limit, shape);
}

int checked_groups(const char* name, int in_channels, int groups) {
  if (groups > 0 && in_channels % groups == 0) return groups;
  throw std::invalid_argument(
      fmt::format("[{}] {} input channels cannot form {} groups", name, in_channels, groups));
}

std::pair<int, int> pair(const std::vector<int>& v) { return {v[0], v[1]}; }
std::tuple<int, int, int> triple(const std::vector<int>& v) { return {v[0], v[1], v[2]}; }

}  // namespace

Convolution::Convolution(const char* name, int in_channels, int out_channels,
                         const std::vector<int>& kernel_size, std::vector<int> stride,
                         std::vector<int> padding, std::vector<int> dilation, int groups, bool bias)
    : weight(*this, "weight",
             initial_weight(in_channels, out_channels, kernel_size,
                            checked_groups(name, in_channels, groups))),
      stride_(std::move(stride)),
      padding_(std::move(padding)),
      dilation_(std::move(dilation)),
      groups_(groups) {
  if (bias) this->bias.emplace(*this, "bias", zeros({out_channels}));
}

array Convolution::operator()(const array& x) {
  const array y =
      conv_general(x, weight, stride_, padding_, padding_, dilation_, {}, groups_, false);
  return bias ? add(y, *bias) : y;
}

Conv1d::Conv1d(int in_channels, int out_channels, int kernel_size, int stride, int padding,
               int dilation, int groups, bool bias)
    : Convolution("Conv1d", in_channels, out_channels, {kernel_size}, {stride}, {padding},
                  {dilation}, groups, bias) {}

Conv2d::Conv2d(int in_channels, int out_channels, Sizes<2> kernel_size, Sizes<2> stride,
               Sizes<2> padding, Sizes<2> dilation, int groups, bool bias)
    : Convolution("Conv2d", in_channels, out_channels, kernel_size.vector(), stride.vector(),
                  padding.vector(), dilation.vector(), groups, bias) {}

Conv3d::Conv3d(int in_channels, int out_channels, Sizes<3> kernel_size, Sizes<3> stride,
               Sizes<3> padding, Sizes<3> dilation, bool bias)
    : Convolution("Conv3d", in_channels, out_channels, kernel_size.vector(), stride.vector(),
                  padding.vector(), dilation.vector(), 1, bias) {}

TransposedConvolution::TransposedConvolution(int in_channels, int out_channels,
                                             const std::vector<int>& kernel_size,
                                             std::vector<int> stride, std::vector<int> padding,
                                             std::vector<int> dilation,
                                             std::vector<int> output_padding, bool bias)
    : weight(*this, "weight", initial_weight(in_channels, out_channels, kernel_size, 1)),
      stride_(std::move(stride)),
      padding_(std::move(padding)),
      dilation_(std::move(dilation)),
      output_padding_(std::move(output_padding)) {
  if (bias) this->bias.emplace(*this, "bias", zeros({out_channels}));
}

array TransposedConvolution::convolved(const array& x) const {
  switch (stride_.size()) {
    case 1:
      return conv_transpose1d(x, weight, stride_[0], padding_[0], dilation_[0], output_padding_[0]);
    case 2:
      return conv_transpose2d(x, weight, pair(stride_), pair(padding_), pair(dilation_),
                              pair(output_padding_));
    default:
      return conv_transpose3d(x, weight, triple(stride_), triple(padding_), triple(dilation_),
                              triple(output_padding_));
  }
}

array TransposedConvolution::operator()(const array& x) {
  const array y = convolved(x);
  return bias ? add(y, *bias) : y;
}

ConvTranspose1d::ConvTranspose1d(int in_channels, int out_channels, int kernel_size, int stride,
                                 int padding, int dilation, int output_padding, bool bias)
    : TransposedConvolution(in_channels, out_channels, {kernel_size}, {stride}, {padding},
                            {dilation}, {output_padding}, bias) {}

ConvTranspose2d::ConvTranspose2d(int in_channels, int out_channels, Sizes<2> kernel_size,
                                 Sizes<2> stride, Sizes<2> padding, Sizes<2> dilation,
                                 Sizes<2> output_padding, bool bias)
    : TransposedConvolution(in_channels, out_channels, kernel_size.vector(), stride.vector(),
                            padding.vector(), dilation.vector(), output_padding.vector(), bias) {}

ConvTranspose3d::ConvTranspose3d(int in_channels, int out_channels, Sizes<3> kernel_size,
                                 Sizes<3> stride, Sizes<3> padding, Sizes<3> dilation,
                                 Sizes<3> output_padding, bool bias)
    : TransposedConvolution(in_channels, out_channels, kernel_size.vector(), stride.vector(),
                            padding.vector(), dilation.vector(), output_padding.vector(), bias) {}

}  // namespace quern::nn
