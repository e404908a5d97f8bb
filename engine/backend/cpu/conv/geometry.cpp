#include "engine/backend/cpu/conv/geometry.h"

#include <numeric>

namespace quern::cpu {

ConvGeometry::ConvGeometry(const Convolution& p, const array& input, const array& weight,
                           const array& output)
    : batch(input.shape(0)),
      groups(p.groups),
      channels(weight.shape(-1)),
      kernels(weight.shape(0) / p.groups),
      batch_stride(input.strides().front()),
      channel_stride(input.strides().back()) {
  const size_t n = p.stride.size(), lead = 3 - n;
  for (size_t i = 0; i < n; ++i) {
    in[lead + i] = input.shape()[i + 1];
    out[lead + i] = output.shape()[i + 1];
    taps[lead + i] = weight.shape()[i + 1];
    in_strides[lead + i] = input.strides()[i + 1];
  }
}

namespace {

/// The phases along one axis.
struct AxisPhase {
  int64_t first, step, out, stride;
  struct Tap {
    int64_t reach, index;
  };
  std::vector<Tap> taps;
};

struct Axis {
  int64_t out, taps, stride, padding, kernel_dilation, input_dilation;
  bool flip;
};

std::vector<AxisPhase> axis_phases(const Axis& a) {
  const int64_t step = a.input_dilation / std::gcd(a.stride, a.input_dilation);
  std::vector<AxisPhase> phases;
  for (int64_t first = 0; first < std::min(step, a.out); ++first) {
    AxisPhase phase{
        first, step, (a.out - first + step - 1) / step, step * a.stride / a.input_dilation, {}};
    for (int64_t index = 0; index < a.taps; ++index) {
      const int64_t tap = a.flip ? a.taps - 1 - index : index;
      const int64_t place = first * a.stride + tap * a.kernel_dilation - a.padding;
      if (place % a.input_dilation == 0) phase.taps.push_back({place / a.input_dilation, index});
    }
    phases.push_back(std::move(phase));
  }
  return phases;
}

ConvPhase combined(const ConvGeometry& g, const AxisPhase& x, const AxisPhase& y,
                   const AxisPhase& z) {
  ConvPhase phase{&g,
                  {x.first, y.first, z.first},
                  {x.step, y.step, z.step},
                  {x.out, y.out, z.out},
                  {x.stride, y.stride, z.stride},
                  {}};
  for (const AxisPhase::Tap& i : x.taps) {
    for (const AxisPhase::Tap& j : y.taps) {
      for (const AxisPhase::Tap& k : z.taps) {
        phase.taps.push_back(
            {{i.reach, j.reach, k.reach}, (i.index * g.taps[1] + j.index) * g.taps[2] + k.index});
      }
    }
  }
  return phase;
}

}  // namespace

std::vector<ConvPhase> phases_of(const Convolution& p, const ConvGeometry& g) {
  std::array<std::vector<AxisPhase>, 3> axes;
  const size_t lead = 3 - p.stride.size();
  for (size_t to = 0; to < 3; ++to) {
    Axis axis{g.out[to], g.taps[to], 1, 0, 1, 1, p.flip};
    if (to >= lead) {
      const size_t i = to - lead;
      axis = {g.out[to],           g.taps[to], p.stride[i], p.padding_lo[i], p.kernel_dilation[i],
              p.input_dilation[i], p.flip};
    }
    axes[to] = axis_phases(axis);
  }
  std::vector<ConvPhase> phases;
  for (const AxisPhase& x : axes[0]) {
    for (const AxisPhase& y : axes[1]) {
      for (const AxisPhase& z : axes[2]) phases.push_back(combined(g, x, y, z));
    }
  }
  return phases;
}

}  // namespace quern::cpu
