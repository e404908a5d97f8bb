// Elements of any float dtype as vectors of the type that reductions compute them in, compiled per
// Highway target: included by kernels after hwy/foreach_target.h.

#if defined(QUERN_CPU_REDUCE_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_REDUCE_LANES_INL_H
#undef QUERN_CPU_REDUCE_LANES_INL_H
#else
#define QUERN_CPU_REDUCE_LANES_INL_H
#endif

#include <cstddef>
#include <type_traits>

#include "engine/array/half.h"
#include "engine/backend/cpu/float_lanes-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
constexpr bool is_half_type = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

/// What elements T are computed in.
template <typename T>
using Computed = std::conditional_t<is_half_type<T>, float, T>;

/// Whether vectors hold elements T.
template <typename T>
constexpr bool has_lanes = std::is_floating_point_v<Computed<T>>;

template <class D, typename T>
HWY_INLINE hn::Vec<D> load_computed(D d, const T* x) {
  if constexpr (std::is_same_v<T, double>)
    return hn::LoadU(d, x);
  else
    return load_floats(d, x);
}

/// Calls f(tag, v, first) for v in float64: once with all lanes, or for each half of those of
/// float32, `first` being its first lane.
template <class D, class F>
HWY_INLINE void for_each_wide(D d, hn::Vec<D> v, F&& f) {
  if constexpr (std::is_same_v<hn::TFromD<D>, double>) {
    f(d, v, size_t(0));
  } else {
    const hn::Repartition<double, D> wide;
    const hn::Half<D> half;
    f(wide, hn::PromoteTo(wide, hn::LowerHalf(half, v)), size_t(0));
    f(wide, hn::PromoteTo(wide, hn::UpperHalf(half, v)), hn::Lanes(half));
  }
}

/// How many rows are taken together into totals of their columns.
constexpr size_t rows_abreast = 8;

/// Asks for what the next rows_abreast rows have in the columns of a vector at x: lines of rows
/// that are far from each other, which nothing else sees coming.
template <typename T>
HWY_INLINE void prefetch_rows(const T* x, size_t apart, size_t column) {
  if (column * sizeof(T) % 64 != 0) return;
  for (size_t row = 0; row < rows_abreast; ++row)
    hwy::Prefetch(x + (rows_abreast + row) * apart + column);
}

}  // namespace
}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
