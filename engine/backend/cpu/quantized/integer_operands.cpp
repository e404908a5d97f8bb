#include "engine/backend/cpu/quantized/integer_operands.h"

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/integer_operands.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/activations-inl.h"
#include "engine/backend/cpu/quantized/codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// The integers of a row of `depth` elements in the order of a panel's bytes; its scales and sums
/// go to every `stride`-th place. `natural` has room for depth integers.
template <typename T>
HWY_INLINE void round_row_of(const T* x, int64_t depth, int64_t group_size, int64_t per_byte,
                             int8_t* natural, int8_t* out, float* scales, float* sums,
                             int64_t stride) {
  for (int64_t k = 0, at = 0; k < depth; k += group_size, at += stride) {
    const GroupRange range = range_of_group(x + k, size_t(group_size), 127);
    scales[at] = range.scale;
    sums[at] =
        range.scale * float(round_group(x + k, size_t(group_size), range.inverse, natural + k));
  }
  if (per_byte == 1) {
    std::memcpy(out, natural, size_t(depth));
    return;
  }
  const hn::Full128<int8_t> d;
  alignas(16) int8_t places[16];
  for (int64_t i = 0; i < 16; ++i) places[i] = int8_t(step_element(per_byte, i / 4, i % 4));
  const auto order = hn::Load(d, places);
  for (int64_t k = 0; k < depth; k += 16)
    hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, natural + k), order), d, out + k);
}

void round_row(Dtype dtype, const void* x, int64_t depth, int64_t group_size, int64_t per_byte,
               int8_t* natural, int8_t* out, float* scales, float* sums, int64_t stride) {
  if (dtype == float16)
    round_row_of(static_cast<const float16_t*>(x), depth, group_size, per_byte, natural, out,
                 scales, sums, stride);
  else
    round_row_of(static_cast<const bfloat16_t*>(x), depth, group_size, per_byte, natural, out,
                 scales, sums, stride);
}

/// The scales and biases of a weight's row as floats, `padded` of each.
void widen_row_parameters(const PackedMatrix& w, int64_t row, size_t padded, float* scales,
                          float* biases) {
  const auto n = size_t(w.groups());
  const int64_t at = row * w.groups();
  if (w.biases != nullptr) {
    widen_scales(w.scale_kind, w.scales, at, n, w.factor, padded, scales);
    widen_scales(w.scale_kind, w.biases, at, n, 1, padded, biases);
  } else {
    widen_scales(w.scale_kind, w.scales, at, n, 0.5f * w.factor, padded, scales);
    for (size_t i = 0; i < padded; ++i) biases[i] = -float(e2m1_zero) * scales[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(round_row);
HWY_EXPORT(widen_row_parameters);

PackedTiles::PackedTiles(const Product& p, int64_t height, int64_t first, int64_t rows)
    : height_(height),
      rows_(rows),
      depth_(p.depth()),
      groups_(p.w.groups()),
      group_size_(p.w.group_size),
      codes_(size_t(count() * height * depth_)),
      scales_(size_t(count() * height * groups_)),
      sums_(size_t(count() * height * groups_)) {
  parallel_for(size_t(rows), size_t(1 + (1 << 13) / depth_), [&](size_t begin, size_t end) {
    Scratch<int8_t> natural(static_cast<size_t>(depth_)), ordered(static_cast<size_t>(depth_));
    for (auto row = int64_t(begin); row < int64_t(end); ++row)
      pack_row(p, first + row, row, natural.data(), ordered.data());
  });
}

void PackedTiles::pack_row(const Product& p, int64_t from, int64_t row, int8_t* natural,
                           int8_t* ordered) {
  const int64_t index = row / height_, line = row % height_;
  const int64_t parameters = index * groups_ * height_ + line;
  HWY_DYNAMIC_DISPATCH(round_row)
  (p.x_dtype, p.x_row(from), depth_, group_size_, elements_per_byte(p.w.code), natural, ordered,
   scales_.data() + parameters, sums_.data() + parameters, height_);
  int8_t* to = codes_.data() + index * depth_ * height_ + 4 * line;
  for (int64_t k = 0; k < depth_; k += 4, to += 4 * height_) std::memcpy(to, ordered + k, 4);
}

void widen_parameters(const PackedMatrix& w, int64_t row, size_t padded, float* scales,
                      float* biases) {
  HWY_DYNAMIC_DISPATCH(widen_row_parameters)(w, row, padded, scales, biases);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
