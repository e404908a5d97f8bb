#pragma once

#include <array>
#include <cstdint>

#include "engine/primitives/conv.h"

namespace quern::cpu {

/// A convolution as its kernels see it: always three spatial axes, missing ones of length 1 in
/// front. Input strides are in elements; the output is dense.
struct ConvGeometry {
  using Three = std::array<int64_t, 3>;

  ConvGeometry(const Convolution& p, const array& input, const array& weight, const array& output)
      : batch(input.shape(0)),
        groups(p.groups),
        channels(weight.shape(-1)),
        kernels(weight.shape(0) / p.groups),
        flip(p.flip),
        batch_stride(input.strides().front()),
        channel_stride(input.strides().back()) {
    const size_t n = p.stride.size(), lead = 3 - n;
    for (size_t i = 0; i < n; ++i) {
      const size_t to = lead + i, axis = i + 1;
      in[to] = input.shape()[axis];
      out[to] = output.shape()[axis];
      taps[to] = weight.shape()[axis];
      in_strides[to] = input.strides()[axis];
      stride[to] = p.stride[i];
      padding[to] = p.padding_lo[i];
      kernel_dilation[to] = p.kernel_dilation[i];
      input_dilation[to] = p.input_dilation[i];
    }
  }

  int64_t batch, groups;
  int64_t channels, kernels;  ///< input and output channels of a group
  Three in{1, 1, 1}, out{1, 1, 1}, taps{1, 1, 1}, in_strides{0, 0, 0};
  Three stride{1, 1, 1}, padding{0, 0, 0}, kernel_dilation{1, 1, 1}, input_dilation{1, 1, 1};
  bool flip;
  int64_t batch_stride, channel_stride;

  int64_t tap_count() const { return taps[0] * taps[1] * taps[2]; }
  int64_t positions() const { return batch * out[0] * out[1] * out[2]; }

  /// Where an output element is: its number in the batch and its place along each axis.
  struct Position {
    int64_t image;
    Three at;
  };
  Position position(int64_t index) const {
    Position p;
    for (size_t axis = 3; axis-- > 0; index /= out[axis]) p.at[axis] = index % out[axis];
    p.image = index;
    return p;
  }
  void advance(Position& p) const {
    for (size_t axis = 3; axis-- > 0;) {
      if (++p.at[axis] < out[axis]) return;
      p.at[axis] = 0;
    }
    ++p.image;
  }

  /// How far a tap, counted row-major over the kernel as the input meets it, is from the window's
  /// first element, in padded input elements; less the padding.
  Three reach(int64_t tap) const {
    Three r;
    for (size_t axis = 3; axis-- > 0; tap /= taps[axis]) {
      r[axis] = tap % taps[axis] * kernel_dilation[axis] - padding[axis];
    }
    return r;
  }

  /// The offset of the input element, of channel 0, that a tap of this reach meets at a position;
  /// false when there is none: in the padding, or in a gap of the dilated input.
  bool find(const Position& p, const Three& reach, int64_t& offset) const {
    offset = p.image * batch_stride;
    for (size_t axis = 0; axis < 3; ++axis) {
      int64_t place = p.at[axis] * stride[axis] + reach[axis];
      if (place < 0) return false;
      if (input_dilation[axis] != 1) {
        if (place % input_dilation[axis] != 0) return false;
        place /= input_dilation[axis];
      }
      if (place >= in[axis]) return false;
      offset += place * in_strides[axis];
    }
    return true;
  }
};

}  // namespace quern::cpu
