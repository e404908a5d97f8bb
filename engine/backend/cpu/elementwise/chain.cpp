#include "engine/backend/cpu/elementwise/chain.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/elementwise/chain.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Vectors in hand: enough that finding the next link costs little beside what it does, few enough
/// that they stay in registers.
constexpr size_t vectors = 8;

/// The value: `count` vectors of it.
template <size_t count>
struct Value {
  V v[count];

  template <typename F>
  HWY_INLINE void each(F f) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 8
#endif
    for (size_t k = 0; k < count; ++k) v[k] = f(v[k], k * hn::Lanes(D()));
  }

  template <typename F>
  HWY_INLINE void with(const ChainLink& link, const float* operand, F f) {
    const D d;
    if (link.is_constant) {
      const V b = hn::Set(d, *operand);
      each([&](V a, size_t) HWY_ATTR { return f(a, b); });
    } else {
      each([&](V a, size_t at) HWY_ATTR { return f(a, hn::LoadU(d, operand + at)); });
    }
  }

  template <typename Half>
  HWY_INLINE void round() {
    each([](V a, size_t) HWY_ATTR {
      const D d;
      alignas(64) Half rounded[hn::MaxLanes(d)];
      store_floats(d, a, rounded);
      return load_floats(d, rounded);
    });
  }
};

// As the tiles of Maximum and Minimum have it: the first of two equals, and NaN if either is. x86's
// own instructions return their second operand for equals and for NaN.

HWY_INLINE V larger(V a, V b) {
#if HWY_ARCH_X86
  return hn::IfThenElse(hn::IsNaN(b), b, hn::Max(b, a));
#else
  return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(b)), b, a);
#endif
}

HWY_INLINE V smaller(V a, V b) {
#if HWY_ARCH_X86
  return hn::IfThenElse(hn::IsNaN(b), b, hn::Min(b, a));
#else
  return hn::IfThenElse(hn::Or(hn::Lt(b, a), hn::IsNaN(b)), b, a);
#endif
}

/// All links over `count` vectors of each value, from element `begin` on.
template <size_t count>
void run(const ChainLink* link, const ChainLink* end, void* const* values, size_t begin) {
  const D d;
  Value<count> value;
  value.each([&](V, size_t) HWY_ATTR { return hn::Zero(d); });
  for (; link != end; ++link) {
    float* operand = nullptr;
    if (link->operand >= 0) {
      operand = static_cast<float*>(values[link->operand]) + (link->is_constant ? 0 : begin);
    }
    switch (link->link) {
      case Link::take:
        value.with(*link, operand, [](V, V b) HWY_ATTR { return b; });
        break;
      case Link::store:
        value.each([&](V a, size_t at) HWY_ATTR { return hn::StoreU(a, d, operand + at), a; });
        break;
      case Link::add:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return hn::Add(a, b); });
        break;
      case Link::subtract:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return hn::Sub(a, b); });
        break;
      case Link::subtract_from:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return hn::Sub(b, a); });
        break;
      case Link::multiply:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return hn::Mul(a, b); });
        break;
      case Link::divide:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return hn::Div(a, b); });
        break;
      case Link::divide_into:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return hn::Div(b, a); });
        break;
      case Link::maximum:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return larger(a, b); });
        break;
      case Link::maximum_from:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return larger(b, a); });
        break;
      case Link::minimum:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return smaller(a, b); });
        break;
      case Link::minimum_from:
        value.with(*link, operand, [](V a, V b) HWY_ATTR { return smaller(b, a); });
        break;
      case Link::abs:
        value.each([](V a, size_t) HWY_ATTR { return hn::Abs(a); });
        break;
      case Link::negative:
        value.each([](V a, size_t) HWY_ATTR { return hn::Neg(a); });
        break;
      case Link::square:
        value.each([](V a, size_t) HWY_ATTR { return hn::Mul(a, a); });
        break;
      case Link::sqrt:
        value.each([](V a, size_t) HWY_ATTR { return hn::Sqrt(a); });
        break;
      case Link::rsqrt:
        value.each([&](V a, size_t) HWY_ATTR { return hn::Div(hn::Set(d, 1.0f), hn::Sqrt(a)); });
        break;
      case Link::reciprocal:
        value.each([&](V a, size_t) HWY_ATTR { return hn::Div(hn::Set(d, 1.0f), a); });
        break;
      case Link::round_float16:
        value.template round<float16_t>();
        break;
      case Link::round_bfloat16:
        value.template round<bfloat16_t>();
        break;
    }
  }
}

}  // namespace

void run_chain(const std::vector<ChainLink>& chain, void* const* values, size_t n) {
  const ChainLink *first = chain.data(), *end = first + chain.size();
  const size_t lanes = hn::Lanes(D());
  size_t i = 0;
  for (; i + vectors * lanes <= n; i += vectors * lanes) run<vectors>(first, end, values, i);
  for (; i + lanes <= n; i += lanes) run<1>(first, end, values, i);
  if (i == n) return;

  // The rest is less than a vector: it goes through copies that have room for one.
  int count = 0;
  for (const ChainLink& link : chain) count = std::max(count, link.operand + 1);
  std::vector<float> room(size_t(count) * lanes);
  std::vector<void*> rest;
  for (int k = 0; k < count; ++k) rest.push_back(room.data() + size_t(k) * lanes);
  for (const ChainLink& link : chain) {
    if (link.operand < 0 || link.link == Link::store) continue;
    const float* from = static_cast<float*>(values[link.operand]) + (link.is_constant ? 0 : i);
    std::copy(from, from + (link.is_constant ? 1 : n - i),
              room.data() + size_t(link.operand) * lanes);
  }
  run<1>(first, end, rest.data(), 0);
  for (const ChainLink& link : chain) {
    if (link.link != Link::store) continue;
    const float* from = room.data() + size_t(link.operand) * lanes;
    std::copy(from, from + (n - i), static_cast<float*>(values[link.operand]) + i);
  }
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(run_chain);

void run_chain(const std::vector<ChainLink>& chain, void* const* values, size_t n) {
  HWY_DYNAMIC_DISPATCH(run_chain)(chain, values, n);
}

}  // namespace quern::cpu
#endif
