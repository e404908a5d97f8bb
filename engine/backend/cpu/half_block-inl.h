// Conversions between dense half and float32 elements, compiled per Highway target: included by
// kernels after hwy/foreach_target.h. Results are those of float16_t and bfloat16_t; NaN stays NaN.

#if defined(QUERN_HALF_BLOCK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_HALF_BLOCK_INL_H
#undef QUERN_HALF_BLOCK_INL_H
#else
#define QUERN_HALF_BLOCK_INL_H
#endif

#include <cstddef>

#include "engine/array/half.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// SSE4 has no float16 instructions: there the plain loops do all the work.
HWY_INLINE void widen_block(const float16_t* in, float* out, size_t n) {
  size_t i = 0;
#if HWY_TARGET != HWY_SSE4 && HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(half, reinterpret_cast<const hwy::float16_t*>(in + i))),
               d, out + i);
  }
#endif
  for (; i < n; ++i) out[i] = float16_t::widen(in[i].bits);
}

HWY_INLINE void narrow_block(const float* in, float16_t* out, size_t n) {
  size_t i = 0;
#if HWY_TARGET != HWY_SSE4 && HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::DemoteTo(half, hn::LoadU(d, in + i)), half,
               reinterpret_cast<hwy::float16_t*>(out + i));
  }
#endif
  for (; i < n; ++i) out[i].bits = float16_t::round(in[i]);
}

HWY_INLINE void widen_block(const bfloat16_t* in, float* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = float(in[i]);
}

HWY_INLINE void narrow_block(const float* in, bfloat16_t* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i].bits = bfloat16_t::round(in[i]);
}

}  // namespace
}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
