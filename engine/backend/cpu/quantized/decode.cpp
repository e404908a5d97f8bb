#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/quantized/packed_matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/decode.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// One unit times scale plus bias.
template <Code code>
HWY_INLINE void decode_unit(const uint8_t* packed, float scale, float bias, float* out) {
  const UnitTag d;
  for (size_t lane = 0; lane < unit; lane += hn::Lanes(d)) {
    const auto factor = hn::Mul(hn::Set(d, scale), hn::Load(d, unit_tables<code>.factors + lane));
    const auto q = unpack_unit<code>(packed, lane);
    hn::StoreU(is_integer(code) ? hn::MulAdd(q, factor, hn::Set(d, bias)) : hn::Mul(q, factor), d,
               out + lane);
  }
}

/// Elements [0, count) from `packed`, where the first one is `phase` elements into its group.
template <Code code>
void decode_elements(const uint8_t* packed, const float* scales, const float* biases,
                     size_t group_size, size_t phase, size_t count, float* out) {
  constexpr size_t unit_bytes = unit * size_t(bits_of(code)) / 8;
  const uint8_t* end = packed + count / unit * unit_bytes;
  for (size_t i = 0; i < count; i += unit, packed += unit_bytes) {
    const size_t group = (phase + i) / group_size;
    if (packed + 16 <= end) {
      decode_unit<code>(packed, scales[group], biases[group], out + i);
    } else {
      uint8_t padded[16] = {};
      std::memcpy(padded, packed, unit_bytes);
      decode_unit<code>(padded, scales[group], biases[group], out + i);
    }
  }
}

constexpr int64_t most_groups = 32;

/// `count` columns of a row that lie in at most most_groups groups.
void decode_columns(const PackedMatrix& w, int64_t row, int64_t column, size_t count, float* out) {
  alignas(64) float scales[most_groups], biases[most_groups] = {};
  const int64_t first = row * w.groups() + column / w.group_size;
  const auto group_size = size_t(w.group_size), phase = size_t(column) % group_size;
  const size_t groups = (phase + count + group_size - 1) / group_size;
  widen_scales(w.scale_kind, w.scales, first, groups, w.factor, groups, scales);
  if (w.biases != nullptr) widen_scales(w.scale_kind, w.biases, first, groups, 1, groups, biases);
  constexpr decltype(&decode_elements<Code::u2>) decoders[] = {
      decode_elements<Code::u2>,   decode_elements<Code::u3>,  decode_elements<Code::u4>,
      decode_elements<Code::u5>,   decode_elements<Code::u6>,  decode_elements<Code::u8>,
      decode_elements<Code::e2m1>, decode_elements<Code::e4m3>};
  decoders[size_t(w.code)](w.packed + row * w.row_bytes() + column * bits_of(w.code) / 8, scales,
                           biases, group_size, phase, count, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(decode_columns);

void decode_row(const PackedMatrix& w, int64_t row, int64_t column, int64_t count, float* out) {
  constexpr int64_t groups_at_once = 32;
  while (count > 0) {
    const int64_t n = std::min(count, groups_at_once * w.group_size - column % w.group_size);
    HWY_DYNAMIC_DISPATCH(decode_columns)(w, row, column, size_t(n), out);
    column += n;
    count -= n;
    out += n;
  }
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
