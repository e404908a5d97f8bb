#include "engine/backend/cpu/sort_columns.h"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/sort_columns.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The smaller numbers of two rows to the first, the larger to the second.
template <typename Number>
HWY_INLINE void exchange(Number* a, Number* b) {
  const hn::CappedTag<Number, sorted_columns<Number>> d;
  for (size_t i = 0; i < sorted_columns<Number>; i += hn::Lanes(d)) {
    const auto x = hn::Load(d, a + i), y = hn::Load(d, b + i);
    hn::Store(hn::Min(x, y), d, a + i);
    hn::Store(hn::Max(x, y), d, b + i);
  }
}

/// Batcher's merge exchange, for any n (Knuth, The Art of Computer Programming 3, algorithm
/// 5.2.2M).
template <typename Number>
void merge_exchange(Number* numbers, size_t n) {
  if (n < 2) return;
  constexpr size_t columns = sorted_columns<Number>;
  const size_t top = std::bit_ceil(n) / 2;
  for (size_t p = top; p > 0; p /= 2) {
    size_t r = 0, d = p;
    for (size_t q = top;; q /= 2) {
      // All i below n - d with (i & p) == r, in runs of p.
      for (size_t run = r; run + d < n; run += 2 * p) {
        const size_t end = run + p < n - d ? run + p : n - d;
        for (size_t i = run; i < end; ++i)
          exchange(numbers + i * columns, numbers + (i + d) * columns);
      }
      if (q == p) break;
      d = q - p;
      r = p;
    }
  }
}

void sort_columns_16(uint16_t* numbers, size_t n) { merge_exchange(numbers, n); }
void sort_columns_32(uint32_t* numbers, size_t n) { merge_exchange(numbers, n); }
void sort_columns_64(uint64_t* numbers, size_t n) { merge_exchange(numbers, n); }

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(sort_columns_16);
HWY_EXPORT(sort_columns_32);
HWY_EXPORT(sort_columns_64);

void sort_columns(uint16_t* numbers, size_t n) {
  HWY_DYNAMIC_DISPATCH(sort_columns_16)(numbers, n);
}
void sort_columns(uint32_t* numbers, size_t n) {
  HWY_DYNAMIC_DISPATCH(sort_columns_32)(numbers, n);
}
void sort_columns(uint64_t* numbers, size_t n) {
  HWY_DYNAMIC_DISPATCH(sort_columns_64)(numbers, n);
}

}  // namespace quern::cpu
#endif
