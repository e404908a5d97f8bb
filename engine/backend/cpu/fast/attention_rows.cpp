#include <algorithm>
#include <limits>

#include "engine/backend/cpu/fast/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/attention_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/fast/softmax_weight-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using RowTag = hn::ScalableTag<float>;

float exponentials_row(float* x, size_t n, float shift) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift);
  auto sums = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto e = softmax_weight(d, hn::Sub(hn::LoadU(d, x + i), shifts));
    hn::StoreU(e, d, x + i);
    sums = hn::Add(sums, e);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) {
    x[i] = hn::GetLane(softmax_weight(d, hn::Set(d, x[i] - shift)));
    sum += x[i];
  }
  return sum;
}

/// NaN when there is one, so that it reaches the result.
float largest_row(const float* x, size_t n) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  auto most = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    most = hn::Max(most, v);
    sum = hn::IfThenElse(hn::Eq(v, v), sum, v);
  }
  float largest = hn::GetLane(hn::MaxOfLanes(d, most)), nan = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) {
    if (x[i] > largest) largest = x[i];
    if (x[i] != x[i]) nan = x[i];
  }
  return nan != nan ? nan : largest;
}

void scale_one_row(float* x, size_t n, float factor) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  const auto factors = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factors), d, x + i);
  for (; i < n; ++i) x[i] *= factor;
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(exponentials_row);
HWY_EXPORT(largest_row);
HWY_EXPORT(scale_one_row);

float exponentials(float* x, size_t n, float shift) {
  return HWY_DYNAMIC_DISPATCH(exponentials_row)(x, n, shift);
}

float largest_of(const float* x, size_t n) { return HWY_DYNAMIC_DISPATCH(largest_row)(x, n); }

void scale_row(float* x, size_t n, float factor) {
  HWY_DYNAMIC_DISPATCH(scale_one_row)(x, n, factor);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
