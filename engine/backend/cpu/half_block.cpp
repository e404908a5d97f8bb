#include "engine/backend/cpu/half_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/half_block.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/half_block-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {

void widen_float16(const float16_t* in, float* out, size_t n) { widen_block(in, out, n); }
void widen_bfloat16(const bfloat16_t* in, float* out, size_t n) { widen_block(in, out, n); }
void narrow_float16(const float* in, float16_t* out, size_t n) { narrow_block(in, out, n); }
void narrow_bfloat16(const float* in, bfloat16_t* out, size_t n) { narrow_block(in, out, n); }

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(widen_float16);
HWY_EXPORT(widen_bfloat16);
HWY_EXPORT(narrow_float16);
HWY_EXPORT(narrow_bfloat16);

void widen(const float16_t* in, float* out, size_t n) {
  HWY_DYNAMIC_DISPATCH(widen_float16)(in, out, n);
}
void widen(const bfloat16_t* in, float* out, size_t n) {
  HWY_DYNAMIC_DISPATCH(widen_bfloat16)(in, out, n);
}
void narrow(const float* in, float16_t* out, size_t n) {
  HWY_DYNAMIC_DISPATCH(narrow_float16)(in, out, n);
}
void narrow(const float* in, bfloat16_t* out, size_t n) {
  HWY_DYNAMIC_DISPATCH(narrow_bfloat16)(in, out, n);
}

}  // namespace quern::cpu
#endif
