// Loads and stores of float32 vectors from and to the 16-bit floats, for kernels that Highway
// compiles once per target. Include it after hwy/highway.h, inside a file that foreach_target
// re-includes.
#if defined(QUERN_CPU_FLOAT_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_FLOAT_LANES_INL_H
#undef QUERN_CPU_FLOAT_LANES_INL_H
#else
#define QUERN_CPU_FLOAT_LANES_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <type_traits>

#include "engine/array/half.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const float* p) {
  return hn::LoadU(d, p);
}

template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const bfloat16_t* p) {
  const hn::Rebind<uint32_t, D> d32;
  const hn::Rebind<uint16_t, D> d16;
  const auto bits = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(p));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, bits)));
}

template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const float16_t* p) {
#if HWY_TARGET <= HWY_AVX2
  const hn::Rebind<hwy::float16_t, D> d16;
  return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(p)));
#else
  // float16_t::widen, in lanes.
  const hn::Rebind<uint32_t, D> d32;
  const hn::Rebind<uint16_t, D> d16;
  const auto h = hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(p)));
  const auto sign = hn::ShiftLeft<16>(hn::And(h, hn::Set(d32, 0x8000u)));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(h, hn::Set(d32, 0x7fffu)));
  const auto rebias = hn::Set(d32, 0x38000000u);
  auto bits = hn::Add(magnitude, rebias);
  const hn::Rebind<int32_t, D> di32;
  const auto ordered = hn::BitCast(di32, magnitude);
  const auto special = hn::RebindMask(d32, hn::Gt(ordered, hn::Set(di32, 0x0f7fffff)));
  const auto normal = hn::RebindMask(d32, hn::Gt(ordered, hn::Set(di32, 0x007fffff)));
  bits = hn::IfThenElse(special, hn::Add(bits, rebias), bits);
  const auto smallest = hn::Set(d32, 0x38800000u);
  const auto subnormal =
      hn::Sub(hn::BitCast(d, hn::Add(magnitude, smallest)), hn::BitCast(d, smallest));
  bits = hn::IfThenElse(normal, bits, hn::BitCast(d32, subnormal));
  return hn::BitCast(d, hn::Or(bits, sign));
#endif
}

template <class D>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, float* p) {
  hn::StoreU(v, d, p);
}

/// Floats whose upper halves are the bfloat16 nearest to v, of two the even one; NaN stays NaN.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<uint32_t, D>> round_upper_halves(D /*d*/, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> d32;
  const auto bits = hn::BitCast(d32, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1u));
  const auto rounded = hn::Add(hn::Add(bits, hn::Set(d32, 0x7fffu)), odd);
  const auto quiet = hn::Or(bits, hn::Set(d32, 0x400000u));
  return hn::IfThenElse(hn::RebindMask(d32, hn::IsNaN(v)), quiet, rounded);
}

template <class D>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, bfloat16_t* p) {
  const hn::Rebind<int32_t, D> di32;
  const hn::Rebind<uint16_t, D> d16;
  const auto rounded = hn::ShiftRight<16>(round_upper_halves(d, v));
  hn::StoreU(hn::DemoteTo(d16, hn::BitCast(di32, rounded)), d16, reinterpret_cast<uint16_t*>(p));
}

template <class D>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, float16_t* p) {
#if HWY_TARGET <= HWY_AVX2
  const hn::Rebind<hwy::float16_t, D> d16;
  hn::StoreU(hn::DemoteTo(d16, v), d16, reinterpret_cast<hwy::float16_t*>(p));
#else
  alignas(64) float lanes[hn::MaxLanes(d)];
  hn::Store(v, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) p[i] = float16_t(lanes[i]);
#endif
}

/// Two vectors, one after the other.
template <class D, typename T>
HWY_INLINE void store_floats(D d, hn::Vec<D> v, hn::Vec<D> next, T* p) {
  if constexpr (std::is_same_v<T, bfloat16_t>) {
    const hn::Repartition<uint16_t, D> d16;
    hn::StoreU(hn::ConcatOdd(d16, hn::BitCast(d16, round_upper_halves(d, next)),
                             hn::BitCast(d16, round_upper_halves(d, v))),
               d16, reinterpret_cast<uint16_t*>(p));
  } else {
    store_floats(d, v, p);
    store_floats(d, next, p + hn::Lanes(d));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
