// Unpacking of 16 neighbouring elements of 2 to 8 bits into float32 lanes, for kernels that Highway
// compiles once per target.
//
// 16 elements fill 2 * bits bytes. Every lane gets the one or two bytes that its element lies in
// and masks the others off, which leaves q * 2^shift, where shift is the element's place in its
// first byte. Nobody shifts it back: what the lane is multiplied with next carries the 2^-shift.
#if defined(QUERN_CPU_AFFINE_BITS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_AFFINE_BITS_INL_H
#undef QUERN_CPU_AFFINE_BITS_INL_H
#else
#define QUERN_CPU_AFFINE_BITS_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr size_t unit = 16;  ///< elements that are unpacked together

template <int bits>
struct UnitTables {
  alignas(
      64) uint8_t bytes[unit * 4];  ///< where each byte of a 32-bit lane comes from; 0x80 for none
  alignas(64) uint32_t masks[unit];
  alignas(64) float factors[unit];  ///< 2^-shift

  constexpr UnitTables() : bytes(), masks(), factors() {
    for (size_t i = 0; i < unit; ++i) {
      const size_t first = i * size_t(bits) / 8, shift = i * size_t(bits) % 8;
      const bool straddles = shift + size_t(bits) > 8;
      bytes[4 * i] = uint8_t(first);
      bytes[4 * i + 1] = straddles ? uint8_t(first + 1) : uint8_t(0x80);
      bytes[4 * i + 2] = bytes[4 * i + 3] = 0x80;
      masks[i] = ((1u << bits) - 1) << shift;
      factors[i] = 1.0f / float(1u << shift);
    }
  }
};

template <int bits>
inline constexpr UnitTables<bits> unit_tables{};

using UnitTag = hn::CappedTag<float, unit>;

/// Lanes [part * lanes, ...) of the unit at `packed` as q * 2^shift; reads 16 bytes.
template <int bits>
HWY_INLINE hn::Vec<UnitTag> unpack_unit(const uint8_t* packed, size_t first_lane) {
  const UnitTag d;
  const hn::RebindToUnsigned<UnitTag> d32;
  const hn::RebindToSigned<UnitTag> di32;
  const hn::Repartition<uint8_t, UnitTag> d8;
  const auto bytes = hn::LoadDup128(d8, packed);
  const auto places = hn::Load(d8, unit_tables<bits>.bytes + 4 * first_lane);
  const auto lanes = hn::BitCast(d32, hn::TableLookupBytesOr0(bytes, places));
  return hn::ConvertTo(
      d, hn::BitCast(di32, hn::And(lanes, hn::Load(d32, unit_tables<bits>.masks + first_lane))));
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
