// Integers of 3, 5 or 6 bits as bytes: included by kernels that Highway compiles once per target.
#if defined(QUERN_CPU_QUANTIZED_CODE_BYTES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_QUANTIZED_CODE_BYTES_INL_H
#undef QUERN_CPU_QUANTIZED_CODE_BYTES_INL_H
#else
#define QUERN_CPU_QUANTIZED_CODE_BYTES_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// A register of bytes, of which one packed unit becomes.
using CodeTag = hwy::HWY_NAMESPACE::CappedTag<uint8_t, 64>;

/// Bytes that load_code_bytes takes elements from, and those that it reads.
template <int bits>
constexpr size_t packed_unit_bytes() {
  return hwy::HWY_NAMESPACE::MaxLanes(CodeTag()) * size_t(bits) / 8;
}
template <int bits>
constexpr size_t packed_unit_read() {
  return packed_unit_bytes<bits>() - 2 * size_t(bits) + 16;
}

/// 16 elements lie in a block of 128 bits. The two bytes that each even or odd one begins in become
/// a word, and a product moves the element to the word's upper end.
template <int bits>
struct CodePlaces {
  alignas(16) uint8_t bytes[2][16];
  alignas(16) uint16_t factors[2][8];

  constexpr CodePlaces() : bytes(), factors() {
    for (int i = 0; i < 16; ++i) {
      const int first = i * bits / 8, shift = i * bits % 8, at = i / 2 * 2;
      bytes[i % 2][at] = uint8_t(first);
      bytes[i % 2][at + 1] = uint8_t(first + 1);
      factors[i % 2][i / 2] = uint16_t(1 << (16 - bits - shift));
    }
  }
};

template <int bits>
inline constexpr CodePlaces<bits> code_places{};

/// Blocks of 128 bits from every `step` bytes.
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> load_blocks(D d, const uint8_t* p, size_t step) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (hn::MaxLanes(D()) == 16) {
    return hn::LoadU(d, p);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_blocks(half, p + hn::MaxLanes(half) / 16 * step, step),
                       load_blocks(half, p, step));
  }
}

/// One element in each byte, in their order.
template <int bits>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<CodeTag> load_code_bytes(const uint8_t* p) {
  namespace hn = hwy::HWY_NAMESPACE;
  const CodeTag d;
  const hn::Repartition<uint16_t, CodeTag> d16;
  const auto& places = code_places<bits>;
  const auto blocks = load_blocks(d, p, 2 * bits);
  const auto words = [&](int odd) {
    const auto moved = hn::TableLookupBytes(blocks, hn::LoadDup128(d, places.bytes[odd]));
    return hn::Mul(hn::BitCast(d16, moved), hn::LoadDup128(d16, places.factors[odd]));
  };
  const auto even = hn::ShiftRight<16 - bits>(words(0)), odd = hn::ShiftRight<8 - bits>(words(1));
  return hn::BitCast(d, hn::Or(even, hn::And(odd, hn::Set(d16, uint16_t(0xff00)))));
}

/// The first n elements from p, n a multiple of 8, as bytes. Reads what they take, no more.
template <int bits>
HWY_INLINE void store_code_bytes(const uint8_t* p, size_t n, uint8_t* out) {
  namespace hn = hwy::HWY_NAMESPACE;
  const CodeTag d;
  constexpr size_t unit_elements = hn::MaxLanes(CodeTag()), read = packed_unit_read<bits>();
  const uint8_t* end = p + n * size_t(bits) / 8;
  size_t k = 0;
  for (; k + unit_elements <= n && p + read <= end; k += unit_elements) {
    hn::StoreU(load_code_bytes<bits>(p), d, out + k);
    p += packed_unit_bytes<bits>();
  }
  while (k < n) {
    alignas(64) uint8_t padded[2 * 64] = {}, codes[64];
    const size_t count = HWY_MIN(unit_elements, n - k);
    std::memcpy(padded, p, count * size_t(bits) / 8);
    hn::StoreU(load_code_bytes<bits>(padded), d, codes);
    std::memcpy(out + k, codes, count);
    k += count;
    p += packed_unit_bytes<bits>();
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
