#include "engine/backend/cpu/strided_row.h"

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/element_bits.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/strided_row.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Returns how many elements it copied, from the first on. No line is read that has none of them.
template <typename Bits>
size_t every_second(const uint8_t* from, uint8_t* to, size_t n) {
  const hn::ScalableTag<Bits> d;
  const hn::Repartition<uint8_t, decltype(d)> bytes;
  const size_t lanes = hn::Lanes(d), step = hn::Lanes(bytes);
  size_t i = 0;
  // The last of a vector's elements is one that nobody asked for.
  for (; i + lanes < n; i += lanes) {
    const uint8_t* pair = from + 2 * i * sizeof(Bits);
    const auto low = hn::BitCast(d, hn::LoadU(bytes, pair));
    const auto high = hn::BitCast(d, hn::LoadU(bytes, pair + step));
    hn::StoreU(hn::BitCast(bytes, hn::ConcatEven(d, high, low)), bytes, to + i * sizeof(Bits));
  }
  return i;
}

/// The same, backwards.
template <typename Bits>
size_t reversed(const uint8_t* from, uint8_t* to, size_t n) {
  const hn::ScalableTag<Bits> d;
  const hn::Repartition<uint8_t, decltype(d)> bytes;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const uint8_t* last = from - int64_t((i + lanes - 1) * sizeof(Bits));
    const auto x = hn::BitCast(d, hn::LoadU(bytes, last));
    hn::StoreU(hn::BitCast(bytes, hn::Reverse(d, x)), bytes, to + i * sizeof(Bits));
  }
  return i;
}

/// Strides that vectors are good for.
size_t gather_vectors(const uint8_t* from, int64_t stride, uint8_t* to, size_t n, size_t width) {
  return with_bits(width, [&]<typename Bits>(std::type_identity<Bits>) {
    if (stride == 2) return every_second<Bits>(from, to, n);
    if constexpr (sizeof(Bits) > 1) {  // Highway 1.0.3 does not reverse bytes
      if (stride == -1) return reversed<Bits>(from, to, n);
    }
    return size_t(0);
  });
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(gather_vectors);

namespace {

template <typename Bits>
Bits load_element(const uint8_t* from, int64_t i) {
  Bits bits;
  std::memcpy(&bits, from + i * int64_t(sizeof(Bits)), sizeof(Bits));
  return bits;
}

}  // namespace

void gather_row(const void* from, int64_t stride, void* to, size_t n, size_t width) {
  if (stride == 1) {
    std::memcpy(to, from, n * width);
    return;
  }
  const auto* in = static_cast<const uint8_t*>(from);
  const size_t done =
      HWY_DYNAMIC_DISPATCH(gather_vectors)(in, stride, static_cast<uint8_t*>(to), n, width);
  with_bits(width, [&]<typename Bits>(std::type_identity<Bits>) {
    Bits* out = static_cast<Bits*>(to);
    if (stride == 0) {
      std::fill_n(out, n, load_element<Bits>(in, 0));
      return;
    }
    for (size_t i = done; i < n; ++i) out[i] = load_element<Bits>(in, int64_t(i) * stride);
  });
}

}  // namespace quern::cpu
#endif
