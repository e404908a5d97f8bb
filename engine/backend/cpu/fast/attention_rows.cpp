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
HWY_EXPORT(scale_one_row);

float exponentials(float* x, size_t n, float shift) {
  return HWY_DYNAMIC_DISPATCH(exponentials_row)(x, n, shift);
}

void scale_row(float* x, size_t n, float factor) {
  HWY_DYNAMIC_DISPATCH(scale_one_row)(x, n, factor);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
