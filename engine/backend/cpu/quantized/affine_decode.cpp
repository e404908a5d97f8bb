#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/quantized/affine.h"
#include "engine/backend/cpu/float_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/affine_decode.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/affine_bits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// One unit times scale plus bias.
template <int bits>
HWY_INLINE void decode_unit(const uint8_t* packed, float scale, float bias, float* out) {
  const UnitTag d;
  for (size_t lane = 0; lane < unit; lane += hn::Lanes(d)) {
    const auto factor = hn::Mul(hn::Set(d, scale), hn::Load(d, unit_tables<bits>.factors + lane));
    hn::StoreU(hn::MulAdd(unpack_unit<bits>(packed, lane), factor, hn::Set(d, bias)), d,
               out + lane);
  }
}

/// Elements [0, count) from `packed`, where the first one is `phase` elements into its group.
template <int bits>
void decode_row_of(const uint8_t* packed, const float* scales, const float* biases,
                   size_t group_size, size_t phase, size_t count, float* out) {
  constexpr size_t unit_bytes = unit * size_t(bits) / 8;
  const uint8_t* end = packed + count / unit * unit_bytes;
  for (size_t i = 0; i < count; i += unit, packed += unit_bytes) {
    const size_t group = (phase + i) / group_size;
    if (packed + 16 <= end) {
      decode_unit<bits>(packed, scales[group], biases[group], out + i);
    } else {
      uint8_t padded[16] = {};
      std::memcpy(padded, packed, unit_bytes);
      decode_unit<bits>(padded, scales[group], biases[group], out + i);
    }
  }
}

void decode_row(int bits, const uint8_t* packed, const float* scales, const float* biases,
                size_t group_size, size_t phase, size_t count, float* out) {
  switch (bits) {
    case 2:
      return decode_row_of<2>(packed, scales, biases, group_size, phase, count, out);
    case 3:
      return decode_row_of<3>(packed, scales, biases, group_size, phase, count, out);
    case 4:
      return decode_row_of<4>(packed, scales, biases, group_size, phase, count, out);
    case 5:
      return decode_row_of<5>(packed, scales, biases, group_size, phase, count, out);
    case 6:
      return decode_row_of<6>(packed, scales, biases, group_size, phase, count, out);
    default:
      return decode_row_of<8>(packed, scales, biases, group_size, phase, count, out);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(decode_row);

namespace {

/// Parameters [first, first + count) as float32.
void widen_parameters(Dtype dtype, const void* from, int64_t first, size_t count, float* out) {
  if (dtype == float32)
    widen(static_cast<const float*>(from) + first, out, count);
  else if (dtype == float16)
    widen(static_cast<const float16_t*>(from) + first, out, count);
  else
    widen(static_cast<const bfloat16_t*>(from) + first, out, count);
}

}  // namespace

AffineMatrix AffineMatrix::from_row(int64_t first) const {
  AffineMatrix w = *this;
  w.packed += first * row_bytes();
  w.scales = static_cast<const char*>(scales) + first * groups() * parameters.size();
  w.biases = static_cast<const char*>(biases) + first * groups() * parameters.size();
  return w;
}

void affine_decode_row(const AffineMatrix& w, int64_t row, int64_t column, int64_t count,
                       float* out) {
  constexpr int64_t most_groups = 32;
  float scales[most_groups], biases[most_groups];
  while (count > 0) {
    const int64_t group = column / w.group_size, phase = column % w.group_size;
    const int64_t n = std::min(count, most_groups * w.group_size - phase);
    const auto groups = size_t((phase + n + w.group_size - 1) / w.group_size);
    widen_parameters(w.parameters, w.scales, row * w.groups() + group, groups, scales);
    widen_parameters(w.parameters, w.biases, row * w.groups() + group, groups, biases);
    HWY_DYNAMIC_DISPATCH(decode_row)
    (w.bits, w.packed + row * w.row_bytes() + column * w.bits / 8, scales, biases,
     size_t(w.group_size), size_t(phase), size_t(n), out);
    column += n;
    count -= n;
    out += n;
  }
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
