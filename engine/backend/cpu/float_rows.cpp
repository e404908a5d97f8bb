#include "engine/backend/cpu/float_rows.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/float_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

template <typename T>
void widen_row(const T* src, float* dst, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(load_floats(d, src + i), d, dst + i);
  for (; i < n; ++i) dst[i] = float(src[i]);
}

template <typename T>
void narrow_row(const float* src, T* dst, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) store_floats(d, hn::LoadU(d, src + i), dst + i);
  for (; i < n; ++i) dst[i] = T(src[i]);
}

void widen_float16(const float16_t* src, float* dst, size_t n) { widen_row(src, dst, n); }
void widen_bfloat16(const bfloat16_t* src, float* dst, size_t n) { widen_row(src, dst, n); }
void narrow_float16(const float* src, float16_t* dst, size_t n) { narrow_row(src, dst, n); }
void narrow_bfloat16(const float* src, bfloat16_t* dst, size_t n) { narrow_row(src, dst, n); }

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(widen_float16);
HWY_EXPORT(widen_bfloat16);
HWY_EXPORT(narrow_float16);
HWY_EXPORT(narrow_bfloat16);

void widen(const float* src, float* dst, size_t n) {
  if (n != 0) std::memcpy(dst, src, n * sizeof(float));
}
void widen(const float16_t* src, float* dst, size_t n) { HWY_DYNAMIC_DISPATCH(widen_float16)(src, dst, n); }
void widen(const bfloat16_t* src, float* dst, size_t n) { HWY_DYNAMIC_DISPATCH(widen_bfloat16)(src, dst, n); }

void narrow(const float* src, float* dst, size_t n) { widen(src, dst, n); }
void narrow(const float* src, float16_t* dst, size_t n) {
  HWY_DYNAMIC_DISPATCH(narrow_float16)(src, dst, n);
}
void narrow(const float* src, bfloat16_t* dst, size_t n) {
  HWY_DYNAMIC_DISPATCH(narrow_bfloat16)(src, dst, n);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
