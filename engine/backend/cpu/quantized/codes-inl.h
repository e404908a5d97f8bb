// Unpacking of 16 neighbouring elements into float32 lanes, and of groups' scales, for kernels that
// Highway compiles once per target. Nothing that is read needs to be aligned.
//
// 16 integers fill 2 * bits bytes. Every lane gets the one or two bytes that its element lies in
// and masks the others off, which leaves q * 2^shift, where shift is the element's place in its
// first byte. Nobody shifts it back: what the lane is multiplied with next carries the 2^-shift.
//
// An e2m1 is looked up as twice its value, a small integer; an e4m3 is widened through float16,
// whose exponent has room for it.
#if defined(QUERN_CPU_QUANTIZED_CODES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_QUANTIZED_CODES_INL_H
#undef QUERN_CPU_QUANTIZED_CODES_INL_H
#else
#define QUERN_CPU_QUANTIZED_CODES_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#include "engine/backend/cpu/float_lanes-inl.h"
#include "engine/backend/cpu/quantized/codes.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr size_t unit = 16;  ///< elements that are unpacked together

using UnitTag = hn::CappedTag<float, unit>;
using Floats = hn::Vec<UnitTag>;

/// What makes load_e4m3's result the value. As a float16 an e4m3 is 2^8 too small.
#if HWY_TARGET <= HWY_AVX2
inline constexpr float e4m3_factor = 256;
#else
inline constexpr float e4m3_factor = 1;
#endif

template <Code code>
struct UnitTables {
  alignas(
      64) uint8_t bytes[unit * 4];  ///< where each byte of a 32-bit lane comes from; 0x80 for none
  alignas(64) uint32_t masks[unit];
  alignas(64) float factors[unit];  ///< what makes an unpacked lane the element's value

  constexpr UnitTables() : bytes(), masks(), factors() {
    constexpr auto bits = size_t(bits_of(code));
    for (size_t i = 0; i < unit; ++i) {
      const size_t first = i * bits / 8, shift = i * bits % 8;
      const bool straddles = shift + bits > 8;
      bytes[4 * i] = uint8_t(first);
      bytes[4 * i + 1] = straddles ? uint8_t(first + 1) : uint8_t(0x80);
      bytes[4 * i + 2] = bytes[4 * i + 3] = 0x80;
      masks[i] = ((1u << bits) - 1) << shift;
      factors[i] = is_integer(code)     ? 1.0f / float(1u << shift)
                   : code == Code::e2m1 ? 0.5f
                                        : e4m3_factor;
    }
  }
};

template <Code code>
inline constexpr UnitTables<code> unit_tables{};

/// Twice the value of each e2m1.
alignas(16) inline constexpr int8_t e2m1_doubled[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                        0, -1, -2, -3, -4, -6, -8, -12};

/// The e4m3 in bytes p[0..lanes), divided by e4m3_factor.
template <class D>
HWY_INLINE hn::Vec<D> load_e4m3(D d, const uint8_t* p) {
  const hn::Rebind<int8_t, D> d8;
#if HWY_TARGET <= HWY_AVX2
  // Widening the byte doubles its sign, which lands on the exponent too.
  const hn::Rebind<int16_t, D> d16;
  const hn::Rebind<hwy::float16_t, D> half;
  const auto wide = hn::PromoteTo(d16, hn::LoadU(d8, reinterpret_cast<const int8_t*>(p)));
  const auto bits = hn::AndNot(hn::Set(d16, 0x4000), hn::ShiftLeft<7>(wide));
  return hn::PromoteTo(d, hn::BitCast(half, bits));
#else
  const hn::Rebind<int32_t, D> d32;
  const auto wide = hn::PromoteTo(d32, hn::LoadU(d8, reinterpret_cast<const int8_t*>(p)));
  const auto magnitude = hn::ShiftLeft<20>(hn::And(wide, hn::Set(d32, 0x7f)));
  const auto smallest = hn::Set(d32, 121 << 23);
  const auto normal = hn::BitCast(d, hn::Add(magnitude, hn::Set(d32, 120 << 23)));
  const auto subnormal =
      hn::Sub(hn::BitCast(d, hn::Add(magnitude, smallest)), hn::BitCast(d, smallest));
  const auto is_normal = hn::Gt(magnitude, hn::Set(d32, 0x7fffff));
  return hn::CopySign(hn::IfThenElse(hn::RebindMask(d, is_normal), normal, subnormal),
                      hn::BitCast(d, wide));
#endif
}

/// 2^(byte - 127) for bytes p[0..lanes); 255 is NaN.
template <class D>
HWY_INLINE hn::Vec<D> load_e8m0(D d, const uint8_t* p) {
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int32_t, D> d32;
  const auto bytes = hn::PromoteTo(d32, hn::LoadU(d8, p));
  // 2^-127 is subnormal.
  const auto bits = hn::Max(hn::ShiftLeft<23>(bytes), hn::Set(d32, 1 << 22));
  return hn::BitCast(
      d, hn::IfThenElse(hn::Eq(bytes, hn::Set(d32, 255)), hn::Set(d32, 0x7fc00000), bits));
}

/// Lanes [first_lane, ...) of the unit at `packed`, divided by the tables' factors; reads 16 bytes.
template <Code code>
HWY_INLINE Floats unpack_unit(const uint8_t* packed, size_t first_lane) {
  const UnitTag d;
  const hn::RebindToSigned<UnitTag> di32;
  if constexpr (code == Code::e4m3) {
    return load_e4m3(d, packed + first_lane);
  } else if constexpr (code == Code::e2m1) {
    const hn::Full128<uint8_t> d8;
    const hn::Rebind<int8_t, UnitTag> lanes8;
    const auto pairs = hn::LoadU(d8, packed);
    const auto nibbles = hn::InterleaveLower(
        d8, hn::And(pairs, hn::Set(d8, uint8_t(15))),
        hn::And(hn::BitCast(d8, hn::ShiftRight<4>(hn::BitCast(hn::Full128<uint16_t>(), pairs))),
                hn::Set(d8, uint8_t(15))));
    const auto table = hn::Load(d8, reinterpret_cast<const uint8_t*>(e2m1_doubled));
    alignas(16) uint8_t values[unit];
    hn::Store(hn::TableLookupBytes(table, nibbles), d8, values);
    const auto* from = reinterpret_cast<const int8_t*>(values) + first_lane;
    return hn::ConvertTo(d, hn::PromoteTo(di32, hn::LoadU(lanes8, from)));
  } else {
    const hn::RebindToUnsigned<UnitTag> d32;
    const hn::Repartition<uint8_t, UnitTag> d8;
    const auto bytes = hn::LoadDup128(d8, packed);
    const auto places = hn::Load(d8, unit_tables<code>.bytes + 4 * first_lane);
    const auto lanes = hn::BitCast(d32, hn::TableLookupBytesOr0(bytes, places));
    const auto masks = hn::Load(d32, unit_tables<code>.masks + first_lane);
    return hn::ConvertTo(d, hn::BitCast(di32, hn::And(lanes, masks)));
  }
}

/// One register of scales or biases.
template <class D>
HWY_INLINE hn::Vec<D> load_scales(D d, ScaleKind kind, const uint8_t* p) {
  switch (kind) {
    case ScaleKind::float32:
      return hn::LoadU(d, reinterpret_cast<const float*>(p));
    case ScaleKind::float16:
      return load_floats(d, reinterpret_cast<const float16_t*>(p));
    case ScaleKind::bfloat16:
      return load_floats(d, reinterpret_cast<const bfloat16_t*>(p));
    case ScaleKind::e8m0:
      return load_e8m0(d, p);
    default:
      return hn::Mul(load_e4m3(d, p), hn::Set(d, e4m3_factor));
  }
}

/// Scales or biases [first, first + n) times `factor`, and zeros up to `padded`.
HWY_INLINE void widen_scales(ScaleKind kind, const uint8_t* from, int64_t first, size_t n,
                             float factor, size_t padded, float* out) {
  const UnitTag d;
  const size_t lanes = hn::Lanes(d), bytes = scale_bytes(kind);
  const uint8_t* p = from + size_t(first) * bytes;
  const auto factors = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Mul(load_scales(d, kind, p + i * bytes), factors), d, out + i);
  }
  if (i < n) {
    alignas(64) uint8_t last[unit * 4] = {};
    alignas(64) float wide[unit];
    std::memcpy(last, p + i * bytes, (n - i) * bytes);
    hn::Store(hn::Mul(load_scales(d, kind, last), factors), d, wide);
    std::memcpy(out + i, wide, (n - i) * sizeof(float));
  }
  for (i = n; i < padded; ++i) out[i] = 0;
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
