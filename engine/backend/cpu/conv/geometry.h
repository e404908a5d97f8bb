#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/primitives/conv.h"

namespace quern::cpu {

using SpatialLengths = std::array<int64_t, 3>;

/// The sizes and the input's layout of a convolution, always over three spatial axes: missing ones
/// have length 1 and come first. Strides are in elements; the output is dense.
struct ConvGeometry {
  ConvGeometry(const Convolution& p, const array& input, const array& weight, const array& output);

  int64_t batch, groups;
  int64_t channels, kernels;  ///< input and output channels of a group
  SpatialLengths in{1, 1, 1}, out{1, 1, 1}, taps{1, 1, 1};
  SpatialLengths in_strides{0, 0, 0};
  int64_t batch_stride, channel_stride;

  int64_t tap_count() const { return taps[0] * taps[1] * taps[2]; }
};

/// A tap of the kernel: the input element that it meets at an output element is at the output's
/// place in the phase * stride + reach, along each axis, if the input has such an element.
struct ConvTap {
  SpatialLengths reach;
  int64_t index;  ///< in the weight, row-major over the kernel
};

/// The output elements that the same taps meet: in a dilated input most taps fall into the gaps,
/// and which do repeats itself. Without dilation there is one phase, with all taps.
struct ConvPhase {
  const ConvGeometry* g;
  SpatialLengths first, step;  ///< of the output's places that belong to it
  SpatialLengths out;          ///< how many they are
  SpatialLengths stride;
  std::vector<ConvTap> taps;  ///< in the weight's order

  int64_t positions() const { return g->batch * out[0] * out[1] * out[2]; }

  /// An element of the phase: its number in the batch and its place along each axis.
  struct Position {
    int64_t image;
    SpatialLengths at;
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
  /// Which of the convolution's output elements it is, in row-major order.
  int64_t output_index(const Position& p) const {
    int64_t index = p.image;
    for (size_t axis = 0; axis < 3; ++axis) {
      index = index * g->out[axis] + first[axis] + p.at[axis] * step[axis];
    }
    return index;
  }

  /// The offset of the input element, of channel 0, that a tap meets at a position; false when it
  /// is padding.
  bool find(const Position& p, const ConvTap& tap, int64_t& offset) const {
    offset = p.image * g->batch_stride;
    for (size_t axis = 0; axis < 3; ++axis) {
      const int64_t place = p.at[axis] * stride[axis] + tap.reach[axis];
      if (place < 0 || place >= g->in[axis]) return false;
      offset += place * g->in_strides[axis];
    }
    return true;
  }

  /// Whether an output element is the sum over all taps, and they are its only phase.
  bool is_whole() const { return int64_t(taps.size()) == g->tap_count() && step == ones; }

  static constexpr SpatialLengths ones{1, 1, 1};
};

/// The phases that the output elements of a convolution fall into. They refer to g.
std::vector<ConvPhase> phases_of(const Convolution& p, const ConvGeometry& g);

}  // namespace quern::cpu
