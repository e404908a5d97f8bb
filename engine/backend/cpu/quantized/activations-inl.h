// Activations as integers, group by group: included by kernels that Highway compiles once per
// target.
#if defined(QUERN_CPU_QUANTIZED_ACTIVATIONS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_QUANTIZED_ACTIVATIONS_INL_H
#undef QUERN_CPU_QUANTIZED_ACTIVATIONS_INL_H
#else
#define QUERN_CPU_QUANTIZED_ACTIVATIONS_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>

#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// The 16 or fewer floats that are rounded at a time: they divide every group.
using ActivationTag = hn::CappedTag<float, 16>;

struct GroupRange {
  float
      scale;  ///< of an integer; NaN where an element is none or infinite, as products with it are
  float inverse;  ///< what makes an element that integer before it is rounded
};

/// How n elements become integers of at most `most` in magnitude.
template <typename T>
HWY_INLINE GroupRange range_of_group(const T* x, size_t n, float most) {
  const ActivationTag d;
  auto peak = hn::Zero(d), total = hn::Zero(d);
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto magnitude = hn::Abs(load_floats(d, x + i));
    peak = hn::Max(peak, magnitude);
    total = hn::Add(total, magnitude);
  }
  GroupRange range{hn::GetLane(hn::MaxOfLanes(d, peak)) / most, 0};
  if (range.scale >= std::numeric_limits<float>::min()) range.inverse = 1 / range.scale;
  const float finite = hn::GetLane(hn::SumOfLanes(d, total));
  if (!(finite < std::numeric_limits<float>::infinity())) {
    range = {std::numeric_limits<float>::quiet_NaN(), 0};
  }
  return range;
}

/// Writes the integers of n elements, int16_t or int8_t, and returns their sum. It is this sum that
/// a group's bias is multiplied with: so what rounding errors are multiplied with is the weight,
/// whose mean is about 0, and not its codes.
template <typename T, typename Integer>
HWY_INLINE int32_t round_group(const T* x, size_t n, float inverse, Integer* out) {
  const ActivationTag d;
  const hn::RebindToSigned<ActivationTag> d32;
  const hn::Rebind<Integer, ActivationTag> narrow;
  const auto factor = hn::Set(d, inverse);
  auto sum = hn::Zero(d32);
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto rounded = hn::NearestInt(hn::Mul(load_floats(d, x + i), factor));
    sum = hn::Add(sum, rounded);
    hn::StoreU(hn::DemoteTo(narrow, rounded), narrow, out + i);
  }
  return hn::GetLane(hn::SumOfLanes(d32, sum));
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
