// Tiles made of plain loops, compiled (and vectorised by the compiler) per Highway target: included
// by files of tiles after hwy/foreach_target.h.

#if defined(QUERN_LOOPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_LOOPS_INL_H
#undef QUERN_LOOPS_INL_H
#else
#define QUERN_LOOPS_INL_H
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/elementwise/tiles.h"
#include "hwy/highway.h"

// The output may be one of the inputs, element for element: no iteration needs another's result.
#undef QUERN_INDEPENDENT
#ifdef __clang__
#define QUERN_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define QUERN_INDEPENDENT _Pragma("GCC ivdep")
#endif

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"  // some functions have no vector form
#endif

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

template <typename F, typename In, typename Out = In>
void unary_loop(const void* const* in, void* out, size_t n) {
  const In* a = static_cast<const In*>(in[0]);
  Out* to = static_cast<Out*>(out);
  const F f;
  QUERN_INDEPENDENT
  for (size_t i = 0; i < n; ++i) to[i] = f(a[i]);
}

template <typename F, typename In, typename Out = In>
void binary_loop(const void* const* in, void* out, size_t n) {
  const In* a = static_cast<const In*>(in[0]);
  const In* b = static_cast<const In*>(in[1]);
  Out* to = static_cast<Out*>(out);
  const F f;
  QUERN_INDEPENDENT
  for (size_t i = 0; i < n; ++i) to[i] = f(a[i], b[i]);
}

/// Calls f(std::type_identity<T>{}) for each type.
template <typename... T, typename F>
void for_each_type(F f) {
  (f(std::type_identity<T>{}), ...);
}

/// An integer type in which T's arithmetic wraps without being undefined.
template <typename T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;

}  // namespace
}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
