// What a score weighs in a softmax, compiled per Highway target: included by kernels after
// hwy/foreach_target.h.

#if defined(QUERN_SOFTMAX_WEIGHT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_SOFTMAX_WEIGHT_INL_H
#undef QUERN_SOFTMAX_WEIGHT_INL_H
#else
#define QUERN_SOFTMAX_WEIGHT_INL_H
#endif

#include "engine/backend/cpu/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// exp(x) for x <= 0, to the last digit or two; NaN stays NaN. 0 where it is less than the smallest
/// normal number: processors take a hundred cycles for each result that is denormal, and masked
/// scores would all be.
template <class D>
HWY_INLINE hn::Vec<D> softmax_weight(D d, hn::Vec<D> x) {
  const hn::RebindToSigned<D> di;
  const auto least = hn::Set(d, -87.0f);
  const auto vanishes = hn::Lt(x, least);
  // Adding 1.5 * 2^23 rounds x / ln 2 to a whole number, which the sum's low bits then hold.
  const auto shift = hn::Set(d, 12582912.0f);
  const auto shifted = hn::MulAdd(hn::Max(x, least), hn::Set(d, 0x1.715476p+0f), shift);
  const auto p = expm1_beyond(d, x, hn::Sub(shifted, shift));
  const auto scale =
      hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::BitCast(di, shifted), hn::Set(di, 127))));
  return hn::IfThenZeroElse(vanishes, hn::MulAdd(p, scale, scale));
}

}  // namespace
}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
