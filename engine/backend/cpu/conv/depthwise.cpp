#include "engine/backend/cpu/conv/depthwise.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/conv/depthwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// sums[c] += the sum over t of in[t][c] * weight[t * weight_stride + c].
template <typename F>
HWY_INLINE void add_taps(const F* const* in, const F* weight, size_t weight_stride, size_t taps,
                         size_t n, F* sums) {
  const hn::ScalableTag<F> d;
  const size_t lanes = hn::Lanes(d);
  size_t c = 0;
  for (; c + 2 * lanes <= n; c += 2 * lanes) {
    auto low = hn::LoadU(d, sums + c), high = hn::LoadU(d, sums + c + lanes);
    for (size_t t = 0; t < taps; ++t) {
      const F* w = weight + t * weight_stride + c;
      low = hn::MulAdd(hn::LoadU(d, in[t] + c), hn::LoadU(d, w), low);
      high = hn::MulAdd(hn::LoadU(d, in[t] + c + lanes), hn::LoadU(d, w + lanes), high);
    }
    hn::StoreU(low, d, sums + c);
    hn::StoreU(high, d, sums + c + lanes);
  }
  for (; c < n; ++c) {
    for (size_t t = 0; t < taps; ++t) sums[c] += in[t][c] * weight[t * weight_stride + c];
  }
}

void add_taps_float32(const float* const* in, const float* weight, size_t weight_stride,
                      size_t taps, size_t n, float* sums) {
  add_taps(in, weight, weight_stride, taps, n, sums);
}

void add_taps_float64(const double* const* in, const double* weight, size_t weight_stride,
                      size_t taps, size_t n, double* sums) {
  add_taps(in, weight, weight_stride, taps, n, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

HWY_EXPORT(add_taps_float32);
HWY_EXPORT(add_taps_float64);

namespace {

constexpr int64_t block_channels = 256;
constexpr int64_t block_taps = 64;

void add_taps(const float* const* in, const float* weight, size_t weight_stride, size_t taps,
              size_t n, float* sums) {
  HWY_DYNAMIC_DISPATCH(add_taps_float32)(in, weight, weight_stride, taps, n, sums);
}

void add_taps(const double* const* in, const double* weight, size_t weight_stride, size_t taps,
              size_t n, double* sums) {
  HWY_DYNAMIC_DISPATCH(add_taps_float64)(in, weight, weight_stride, taps, n, sums);
}

/// n channels of an input element as F: where they are, or in scratch.
template <typename T, typename F>
const F* load_channels(const T* in, int64_t stride, int64_t n, F* scratch) {
  if constexpr (std::is_same_v<T, F>) {
    if (stride == 1) return in;
    for (int64_t i = 0; i < n; ++i) scratch[i] = in[i * stride];
  } else {
    widen_strided(in, stride, scratch, size_t(n));
  }
  return scratch;
}

/// What a thread works with: the inputs and sums of some channels of one position.
template <typename F>
struct DepthwiseScratch {
  explicit DepthwiseScratch(int64_t kernels)
      : gathered(size_t(block_taps * block_channels)), sums(size_t(kernels * block_channels)) {}
  Scratch<F> gathered;
  Scratch<F> sums;  ///< [kernels, block_channels]
};

/// [taps, kernels, groups] in the dtype of the sums.
template <typename T, typename F>
void arrange_weight(const ConvPhase& phase, const T* weight, F* out) {
  const ConvGeometry& g = *phase.g;
  for (const ConvTap& tap : phase.taps) {
    for (int64_t k = 0; k < g.kernels; ++k) {
      for (int64_t group = 0; group < g.groups; ++group) {
        *out++ = F(weight[(group * g.kernels + k) * g.tap_count() + tap.index]);
      }
    }
  }
}

/// The outputs of `n` groups from `group` on, at one position.
template <typename T, typename F>
void convolve_position(const ConvPhase& phase, const T* input, const F* weight,
                       const ConvPhase::Position& position, int64_t group, int64_t n,
                       DepthwiseScratch<F>& scratch, T* out) {
  const ConvGeometry& g = *phase.g;
  F* sums = scratch.sums.data();
  std::fill_n(sums, g.kernels * block_channels, F(0));
  const int64_t row = g.kernels * g.groups;  // of the weight, per tap
  const F* in[block_taps];
  int64_t count = 0, first = 0;
  const auto flush = [&] {
    for (int64_t k = 0; k < g.kernels && count > 0; ++k) {
      add_taps(in, weight + first * row + k * g.groups + group, size_t(row), size_t(count),
               size_t(n), sums + k * block_channels);
    }
    count = 0;
  };
  for (int64_t tap = 0; tap < int64_t(phase.taps.size()); ++tap) {
    int64_t offset;
    if (!phase.find(position, phase.taps[size_t(tap)], offset)) {
      flush();
      continue;
    }
    if (count == block_taps) flush();
    if (count == 0) first = tap;
    in[count] = load_channels(input + offset + group * g.channel_stride, g.channel_stride, n,
                              scratch.gathered.data() + count * block_channels);
    ++count;
  }
  flush();
  for (int64_t c = 0; c < n; ++c) {
    for (int64_t k = 0; k < g.kernels; ++k) {
      out[(group + c) * g.kernels + k] = T(sums[k * block_channels + c]);
    }
  }
}

template <typename T, typename F>
void convolve(const ConvPhase& phase, const T* input, const T* weight, T* out) {
  const ConvGeometry& g = *phase.g;
  const int64_t taps = int64_t(phase.taps.size()), outputs = g.groups * g.kernels;
  Scratch<F> arranged(size_t(taps * outputs));
  arrange_weight(phase, weight, arranged.data());
  const int64_t blocks = (g.groups + block_channels - 1) / block_channels;
  const int64_t work = taps * std::min(g.groups, block_channels) * g.kernels;
  const size_t grain = size_t(std::max<int64_t>(1, (int64_t(1) << 16) / work));
  parallel_for(size_t(phase.positions() * blocks), grain, [&](size_t begin, size_t end) {
    DepthwiseScratch<F> scratch(g.kernels);
    for (auto i = int64_t(begin); i < int64_t(end); ++i) {
      const int64_t group = i % blocks * block_channels;
      const ConvPhase::Position position = phase.position(i / blocks);
      convolve_position(phase, input, arranged.data(), position, group,
                        std::min(block_channels, g.groups - group), scratch,
                        out + phase.output_index(position) * outputs);
    }
  });
}

}  // namespace

void depthwise_convolution(const ConvPhase& phase, const array& input, const array& weight,
                           array& out) {
  dispatch(out.dtype(), [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, double>)
      convolve<T, double>(phase, input.data<T>(), weight.data<T>(), out.data<T>());
    else if constexpr (sizeof(T) <= 4 && !std::is_integral_v<T>)
      convolve<T, float>(phase, input.data<T>(), weight.data<T>(), out.data<T>());
  });
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
