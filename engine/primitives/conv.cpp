#include "engine/primitives/conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/conv.h"
#include "engine/ops/creation.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"

namespace quern {

namespace {

/// The spatial lengths of a [N, spatial..., C].
Shape spatial_lengths(const array& a) { return Shape(a.shape().begin() + 1, a.shape().end() - 1); }

Shape joined(std::initializer_list<ShapeElem> first, const Shape& middle,
             std::initializer_list<ShapeElem> last) {
  Shape shape(first);
  shape.insert(shape.end(), middle.begin(), middle.end());
  shape.insert(shape.end(), last.begin(), last.end());
  return shape;
}

/// Axes in the order `first`, all others as they come, `last`.
array arranged(const array& a, const std::vector<int>& first, const std::vector<int>& last) {
  std::vector<int> order = first;
  for (int i = 0; i < int(a.ndim()); ++i) {
    if (std::count(first.begin(), first.end(), i) + std::count(last.begin(), last.end(), i) == 0)
      order.push_back(i);
  }
  order.insert(order.end(), last.begin(), last.end());
  return transpose(a, order);
}

/// The last axis in two: [..., groups, rest].
array split_last(const array& a, int groups) {
  return unflatten(a, -1, {groups, a.shape(-1) / groups});
}

/// All spatial axes of a [N, spatial..., C] backwards.
array reversed(const array& a) {
  const int n = int(a.ndim());
  Shape start(size_t(n), 0), stop = a.shape(), strides(size_t(n), 1);
  for (int i = 1; i + 1 < n; ++i) {
    start[size_t(i)] = a.shape(i) - 1;
    stop[size_t(i)] = -a.shape(i) - 1;
    strides[size_t(i)] = -1;
  }
  return slice(a, std::move(start), std::move(stop), std::move(strides));
}

}  // namespace

std::vector<Shape> Convolution::output_shapes(const Arrays& inputs) const {
  const Shape &in = inputs[0].shape(), &weight = inputs[1].shape();
  Shape shape{in[0]};
  for (size_t i = 0; i < stride.size(); ++i) {
    const int64_t padded = dilated(in[i + 1], input_dilation[i]) + padding_lo[i] + padding_hi[i];
    const int64_t kernel = dilated(weight[i + 1], kernel_dilation[i]);
    if (padded < kernel) {
      throw std::invalid_argument(fmt::format(
          "[conv] the kernel's {} elements along spatial axis {} do not fit the input's {}, both "
          "with dilation and padding (input {}, weight {})",
          kernel, i, padded, to_string(in), to_string(weight)));
    }
    const int64_t length = (padded - kernel) / stride[i] + 1;
    if (length > std::numeric_limits<ShapeElem>::max()) {
      throw std::overflow_error(
          fmt::format("[conv] the output would have length {} along spatial axis {}", length, i));
    }
    shape.push_back(ShapeElem(length));
  }
  shape.push_back(weight[0]);
  return {std::move(shape)};
}

/// The cotangent, spread by the stride, slid over with the turned kernel: every element of the
/// input sees the outputs that it went into.
array Convolution::input_gradient(const array& input, const array& weight,
                                  const array& cotangent) const {
  std::vector<int> low, high;
  for (size_t i = 0; i < stride.size(); ++i) {
    const int64_t in = dilated(input.shape(int(i) + 1), input_dilation[i]);
    const int64_t out = dilated(cotangent.shape(int(i) + 1), stride[i]);
    low.push_back(int(dilated(weight.shape(int(i) + 1), kernel_dilation[i]) - 1 - padding_lo[i]));
    high.push_back(int(in - out + padding_lo[i]));
  }
  // [O, kernel, C / groups] -> [C, kernel, O / groups], each group's channels exchanged.
  const array grouped = unflatten(weight, 0, {groups, weight.shape(0) / groups});
  const array turned = flatten(arranged(grouped, {0, int(grouped.ndim()) - 1}, {1}), 0, 1);
  return conv_general(cotangent, turned, input_dilation, low, high, kernel_dilation, stride, groups,
                      !flip);
}

/// The cotangent, spread by the stride, as the kernel that slides over the input: each tap of the
/// weight sees the input's elements it was multiplied with. What is summed over, the batch, is the
/// channels of this convolution.
array Convolution::weight_gradient(const array& input, const array& weight,
                                   const array& cotangent) const {
  std::vector<int> high;
  for (size_t i = 0; i < stride.size(); ++i) {
    const int64_t in = dilated(input.shape(int(i) + 1), input_dilation[i]);
    const int64_t out = dilated(cotangent.shape(int(i) + 1), stride[i]);
    const int64_t kernel = dilated(weight.shape(int(i) + 1), kernel_dilation[i]);
    high.push_back(int(kernel - 1 + out - in - padding_lo[i]));
  }
  const int last = int(input.ndim()) - 1;
  const ShapeElem batch = input.shape(0), out_channels = weight.shape(0);
  const ShapeElem channels = weight.shape(last);
  const Shape spatial = spatial_lengths(input), out = spatial_lengths(cotangent);
  const auto convolve = [&](const array& x, const array& w, int count) {
    return conv_general(x, w, kernel_dilation, padding_lo, high, stride, input_dilation, count);
  };
  const array gradient = [&] {
    if (channels == 1 && groups > 1) {
      // Every element of the batch a group of its own: each channel then is convolved directly.
      // Half dtypes in float32, so that what the batch sums is not rounded yet.
      const Dtype dtype = is_half(input.dtype()) ? float32 : input.dtype();
      const array x = reshape(arranged(astype(input, dtype), {}, {0, last}),
                              joined({1}, spatial, {batch * groups}));
      const array w = reshape(arranged(astype(cotangent, dtype), {0, last}, {}),
                              joined({batch * out_channels}, out, {1}));
      const array each = unflatten(convolve(x, w, batch * groups), -1, {batch, out_channels});
      const array taps = squeeze(moveaxis(sum(each, -2), -1, 1), 0);
      return astype(expand_dims(taps, -1), input.dtype());
    }
    const array x = reshape(arranged(split_last(input, groups), {last + 1}, {last, 0}),
                            joined({channels}, spatial, {groups * batch}));
    return arranged(convolve(x, arranged(cotangent, {last}, {0}), groups), {last}, {0});
  }();
  return flip ? reversed(gradient) : gradient;
}

Arrays Convolution::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    if (primals[0].size() == 0 || primals[1].size() == 0)
      gradients.push_back(zeros_like(primals[size_t(i)]));
    else
      gradients.push_back(i == 0 ? input_gradient(primals[0], primals[1], cotangents[0])
                                 : weight_gradient(primals[0], primals[1], cotangents[0]));
  }
  return gradients;
}

Arrays Convolution::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays& outputs) const {
  const auto along = [&](size_t k) {
    Arrays inputs = primals;
    inputs[size_t(argnums[k])] = tangents[k];
    return array(outputs[0].shape(), outputs[0].dtype(), shared_from_this(), std::move(inputs));
  };
  return {argnums.size() == 1 ? along(0) : add(along(0), along(1))};
}

/// The batch becomes part of the input's, of the output channels, or of the groups.
Batched Convolution::vmap(const Arrays& inputs, const std::vector<int>& axes,
                          const Arrays& outputs) const {
  const ShapeElem size = batch_size(inputs, axes);
  const auto convolve = [&](const array& x, const array& w, int count) {
    return conv_general(x, w, stride, padding_lo, padding_hi, kernel_dilation, input_dilation,
                        count, flip);
  };
  if (axes[1] == -1) {
    const array x = moveaxis(inputs[0], axes[0], 0);
    const array out = convolve(flatten(x, 0, 1), inputs[1], groups);
    return {{unflatten(out, 0, {size, outputs[0].shape(0)})}, {0}};
  }
  const array w = moveaxis(inputs[1], axes[1], 0);
  const ShapeElem kernels = w.shape(1) / groups;
  const int last = int(outputs[0].ndim()) - 1;
  if (axes[0] == -1) {  // output channels ordered by group, call, kernel
    const array grouped = moveaxis(unflatten(w, 1, {groups, kernels}), 1, 0);
    const array out = convolve(inputs[0], flatten(grouped, 0, 2), groups);
    const array split = unflatten(out, -1, {groups, size, kernels});
    return {{flatten(moveaxis(split, last + 1, 0), -2, -1)}, {0}};
  }
  const array x = flatten(moveaxis(inputs[0], axes[0], last), last, last + 1);
  const array out = convolve(x, flatten(w, 0, 1), int(size * groups));
  return {{unflatten(out, -1, {size, outputs[0].shape(-1)})}, {last}};
}

}  // namespace quern
