#include "engine/ops/conv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/primitives/conv.h"

namespace quern {

namespace {

using Numbers = std::vector<int>;

void require_channels(const array& input, const array& weight, int groups) {
  const int channels = input.shape(-1), per_group = weight.shape(-1), outputs = weight.shape(0);
  if (groups < 1 || channels % groups != 0 || outputs % groups != 0) {
    throw std::invalid_argument(
        fmt::format("[conv] {} input and {} output channels do not divide into {} groups", channels,
                    outputs, groups));
  }
  if (channels != int64_t(per_group) * groups) {
    throw std::invalid_argument(fmt::format(
        "[conv] the input has {} channels in {} groups, the weight {} per group (input {}, weight "
        "{})",
        channels, groups, per_group, to_string(input.shape()), to_string(weight.shape())));
  }
}

/// Throws unless the arrays can be convolved over `spatial` axes.
void require_convolvable(const array& input, const array& weight, int spatial, int groups) {
  if (spatial < 1 || spatial > 3 || int(input.ndim()) != spatial + 2 ||
      int(weight.ndim()) != spatial + 2) {
    throw std::invalid_argument(fmt::format(
        "[conv] input {} and weight {} must have one spatial axis to three, the same number, "
        "between batch and channels",
        to_string(input.shape()), to_string(weight.shape())));
  }
  if (!issubdtype(result_type(input, weight), floating)) {
    throw std::invalid_argument(fmt::format("[conv] needs a float dtype, not {} and {}",
                                            dtype_name(input.dtype()), dtype_name(weight.dtype())));
  }
  require_channels(input, weight, groups);
  for (int i = 1; i <= spatial; ++i) {
    if (weight.shape(i) == 0) {
      throw std::invalid_argument(
          fmt::format("[conv] the kernel of {} is empty", to_string(weight.shape())));
    }
  }
}

/// One number per spatial axis.
Numbers per_axis(const Numbers& given, int spatial, int otherwise, int least, const char* what) {
  Numbers all = given.size() == size_t(spatial)
                    ? given
                    : Numbers(size_t(spatial), given.empty() ? otherwise : given[0]);
  if (given.size() > 1 && given.size() != size_t(spatial)) {
    throw std::invalid_argument(
        fmt::format("[conv] {} numbers for {} over {} spatial axes", given.size(), what, spatial));
  }
  for (const int x : all) {
    if (x < least) {
      throw std::invalid_argument(
          fmt::format("[conv] {} must be at least {}, not {}", what, least, x));
    }
  }
  return all;
}

/// A convolution over just as many spatial axes as there are numbers.
array convolve(const array& input, const array& weight, const Numbers& stride,
               const Numbers& padding, const Numbers& dilation, int groups, StreamOrDevice s) {
  require_convolvable(input, weight, int(stride.size()), groups);
  return conv_general(input, weight, stride, padding, padding, dilation, {}, groups, false, s);
}

/// Its transpose: the input spread by the stride, under the kernel from its end.
array convolve_transposed(const array& input, const array& weight, const Numbers& stride,
                          const Numbers& padding, const Numbers& dilation,
                          const Numbers& output_padding, int groups, StreamOrDevice s) {
  require_convolvable(input, weight, int(stride.size()), groups);
  Numbers low, high;
  for (size_t i = 0; i < stride.size(); ++i) {
    const int64_t reach = int64_t(weight.shape(int(i) + 1) - 1) * dilation[i];
    const int64_t lo = reach - padding[i], hi = lo + output_padding[i];
    if (std::max(std::abs(lo), std::abs(hi)) > std::numeric_limits<int>::max()) {
      throw std::overflow_error(
          fmt::format("[conv_transpose] a kernel of {} taps that lie {} apart is too long",
                      weight.shape(int(i) + 1), dilation[i]));
    }
    low.push_back(int(lo));
    high.push_back(int(hi));
  }
  return conv_general(input, weight, {}, low, high, dilation, stride, groups, true, s);
}

Numbers numbers(const std::pair<int, int>& p) { return {p.first, p.second}; }

Numbers numbers(const std::tuple<int, int, int>& t) {
  return {std::get<0>(t), std::get<1>(t), std::get<2>(t)};
}

}  // namespace

array conv_general(array input, array weight, std::vector<int> stride, std::vector<int> padding_lo,
                   std::vector<int> padding_hi, std::vector<int> kernel_dilation,
                   std::vector<int> input_dilation, int groups, bool flip, StreamOrDevice s) {
  const int spatial = int(input.ndim()) - 2, any = std::numeric_limits<int>::min();
  require_convolvable(input, weight, spatial, groups);
  const Dtype dtype = result_type(input, weight);
  const auto primitive = make_pooled<Convolution>(
      to_stream(s), per_axis(stride, spatial, 1, 1, "stride"),
      per_axis(padding_lo, spatial, 0, any, "padding"),
      per_axis(padding_hi, spatial, 0, any, "padding"),
      per_axis(kernel_dilation, spatial, 1, 1, "kernel dilation"),
      per_axis(input_dilation, spatial, 1, 1, "input dilation"), groups, flip);
  Shape shape = primitive->output_shapes({input, weight})[0];
  return array(std::move(shape), dtype, primitive,
               {astype(std::move(input), dtype, s), astype(std::move(weight), dtype, s)});
}

array conv_general(const array& input, const array& weight, std::vector<int> stride,
                   std::vector<int> padding, std::vector<int> kernel_dilation,
                   std::vector<int> input_dilation, int groups, bool flip, StreamOrDevice s) {
  return conv_general(input, weight, std::move(stride), padding, padding,
                      std::move(kernel_dilation), std::move(input_dilation), groups, flip, s);
}

array conv1d(const array& input, const array& weight, int stride, int padding, int dilation,
             int groups, StreamOrDevice s) {
  return convolve(input, weight, {stride}, {padding}, {dilation}, groups, s);
}

array conv2d(const array& input, const array& weight, const std::pair<int, int>& stride,
             const std::pair<int, int>& padding, const std::pair<int, int>& dilation, int groups,
             StreamOrDevice s) {
  return convolve(input, weight, numbers(stride), numbers(padding), numbers(dilation), groups, s);
}

array conv3d(const array& input, const array& weight, const std::tuple<int, int, int>& stride,
             const std::tuple<int, int, int>& padding, const std::tuple<int, int, int>& dilation,
             int groups, StreamOrDevice s) {
  return convolve(input, weight, numbers(stride), numbers(padding), numbers(dilation), groups, s);
}

array conv_transpose1d(const array& input, const array& weight, int stride, int padding,
                       int dilation, int output_padding, int groups, StreamOrDevice s) {
  return convolve_transposed(input, weight, {stride}, {padding}, {dilation}, {output_padding},
                             groups, s);
}

array conv_transpose2d(const array& input, const array& weight, const std::pair<int, int>& stride,
                       const std::pair<int, int>& padding, const std::pair<int, int>& dilation,
                       const std::pair<int, int>& output_padding, int groups, StreamOrDevice s) {
  return convolve_transposed(input, weight, numbers(stride), numbers(padding), numbers(dilation),
                             numbers(output_padding), groups, s);
}

array conv_transpose3d(const array& input, const array& weight,
                       const std::tuple<int, int, int>& stride,
                       const std::tuple<int, int, int>& padding,
                       const std::tuple<int, int, int>& dilation,
                       const std::tuple<int, int, int>& output_padding, int groups,
                       StreamOrDevice s) {
  return convolve_transposed(input, weight, numbers(stride), numbers(padding), numbers(dilation),
                             numbers(output_padding), groups, s);
}

}  // namespace quern
