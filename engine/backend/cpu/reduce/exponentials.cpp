#include "engine/backend/cpu/reduce/exponentials.h"

#include <algorithm>
#include <type_traits>

#include "engine/backend/cpu/tile_reader.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/reduce/exponentials.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/fast/softmax_weight-inl.h"
#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
float largest_of(const T* x, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto a = hn::Set(d, -infinity), b = a;
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    a = hn::Max(a, load_floats(d, x + i));
    b = hn::Max(b, load_floats(d, x + i + lanes));
  }
  float best = hn::GetLane(hn::MaxOfLanes(d, hn::Max(a, b)));
  for (; i < n; ++i) best = std::max(best, float(x[i]));
  return best;
}

/// `weight` makes the exponential of a vector.
template <typename T, class Weight>
HWY_INLINE float sum_weights(const T* x, size_t n, float shift, float* out, Weight&& weight) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto e = weight(hn::Sub(load_floats(d, x + i), shifts));
    if (out) hn::StoreU(e, d, out + i);
    sum = hn::Add(sum, e);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  if (i == n) return total;
  HWY_ALIGN float rest[hn::MaxLanes(d)] = {};
  std::copy(x + i, x + n, rest);
  hn::Store(weight(hn::Sub(hn::Load(d, rest), shifts)), d, rest);
  for (size_t k = 0; i < n; ++i, ++k) {
    if (out) out[i] = rest[k];
    total += rest[k];
  }
  return total;
}

template <typename T>
float sum_exponentials(const T* x, size_t n, float shift, float* out) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  if (std::isinf(shift))
    return sum_weights(x, n, shift, out, [d](V v) HWY_ATTR { return exp_of(d, v); });
  return sum_weights(x, n, shift, out, [d](V v) HWY_ATTR { return softmax_weight(d, v); });
}

template <typename T>
void add_exponentials(const T* x, size_t n, ExponentialSum& to) {
  for (size_t i = 0; i < n; i += tile_elements) {
    const size_t count = std::min(tile_elements, n - i);
    const float largest = largest_of(x + i, count);
    if (largest > to.largest) {
      if (!std::isinf(to.largest)) to.sum *= std::exp(double(to.largest) - double(largest));
      to.largest = largest;
    }
    if (std::isinf(to.largest)) {
      const hn::ScalableTag<float> d;
      // Nothing can be subtracted from infinity; the sum is 0 or infinite without it too.
      to.sum += double(sum_weights(x + i, count, 0, nullptr,
                                   [d](hn::Vec<decltype(d)> v) HWY_ATTR { return exp_of(d, v); }));
    } else {
      to.sum += double(sum_exponentials(x + i, count, to.largest, nullptr));
    }
  }
}

template <typename T>
void scale_floats(const float* x, size_t n, float factor, T* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto factors = hn::Set(d, factor);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    store_floats(d, hn::Mul(hn::LoadU(d, x + i), factors),
                 hn::Mul(hn::LoadU(d, x + i + lanes), factors), out + i);
  }
  for (; i < n; ++i) out[i] = T(x[i] * factor);
}

template <typename T>
constexpr ExponentialLoops<T> loops{largest_of<T>, sum_exponentials<T>, add_exponentials<T>,
                                    scale_floats<T>};

}  // namespace

const ExponentialLoops<float>* float_loops() { return &loops<float>; }
const ExponentialLoops<float16_t>* float16_loops() { return &loops<float16_t>; }
const ExponentialLoops<bfloat16_t>* bfloat16_loops() { return &loops<bfloat16_t>; }

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(float_loops);
HWY_EXPORT(float16_loops);
HWY_EXPORT(bfloat16_loops);

template <>
const ExponentialLoops<float>& exponential_loops() {
  return *HWY_DYNAMIC_DISPATCH(float_loops)();
}
template <>
const ExponentialLoops<float16_t>& exponential_loops() {
  return *HWY_DYNAMIC_DISPATCH(float16_loops)();
}
template <>
const ExponentialLoops<bfloat16_t>& exponential_loops() {
  return *HWY_DYNAMIC_DISPATCH(bfloat16_loops)();
}

}  // namespace quern::cpu
#endif
