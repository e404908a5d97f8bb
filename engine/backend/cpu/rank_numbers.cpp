#include "engine/backend/cpu/rank_numbers.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/rank_numbers.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void rank_all(const int32_t* numbers, size_t n, uint32_t* ranks) {
  const hn::CappedTag<int32_t, 16> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, 1), place = hn::Iota(d, 0);
  for (size_t first = 0; first < n; first += lanes) {
    const auto x = hn::LoadU(d, numbers + first);  // past n they are anything
    auto rank = hn::Zero(d);
    const auto count = [&](auto comes_before) HWY_ATTR {
      rank = hn::IfThenElse(comes_before, hn::Add(rank, one), rank);
    };
    const size_t last = std::min(n, first + lanes);
    size_t j = 0;
    for (; j < first; ++j) count(hn::Not(hn::Gt(hn::Set(d, numbers[j]), x)));
    for (; j < last; ++j) {
      const auto other = hn::Set(d, numbers[j]);
      const auto is_earlier = hn::Gt(place, hn::Set(d, int32_t(j - first)));
      count(hn::Or(hn::Lt(other, x), hn::And(hn::Eq(other, x), is_earlier)));
    }
    for (; j < n; ++j) count(hn::Lt(hn::Set(d, numbers[j]), x));
    hn::StoreU(hn::BitCast(du, rank), du, ranks + first);
  }
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(rank_all);

void rank_numbers(const int32_t* numbers, size_t n, uint32_t* ranks) {
  HWY_DYNAMIC_DISPATCH(rank_all)(numbers, n, ranks);
}

}  // namespace quern::cpu
#endif
