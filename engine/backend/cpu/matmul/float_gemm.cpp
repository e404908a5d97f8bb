#include "engine/backend/cpu/matmul/float_gemm.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/matmul/float_gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using TileTag = hn::CappedTag<float, 16>;

// The tile's sums, two registers of b and one element of a have to fit the registers: 32 of them
// or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int64_t tile_rows = 12;
#else
constexpr int64_t tile_rows = 6;
#endif

HWY_INLINE int64_t lanes() { return int64_t(hn::Lanes(TileTag())); }

int64_t tile_row_count() { return tile_rows; }
int64_t tile_column_count() { return 2 * lanes(); }

/// out[k * width + i] = in[i * stride + k] for 4 rows and `depth` (a multiple of 4) steps.
HWY_INLINE void transpose_four(const float* in, int64_t stride, int64_t depth, float* out,
                               int64_t width) {
  const hn::Full128<float> d;
  const hn::Repartition<double, decltype(d)> pairs;
  for (int64_t k = 0; k < depth; k += 4) {
    const auto a = hn::LoadU(d, in + k), b = hn::LoadU(d, in + stride + k);
    const auto c = hn::LoadU(d, in + 2 * stride + k), e = hn::LoadU(d, in + 3 * stride + k);
    const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
    const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
    const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
    const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
    float* to = out + k * width;
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ce_low)), d, to);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ce_low)), d, to + width);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ce_high)), d, to + 2 * width);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ce_high)), d, to + 3 * width);
  }
}

/// One panel: out[k * width + i] = in[i * stride + k * step] for i < count, and 0 up to width.
void pack_panel(const float* in, int64_t stride, int64_t step, int64_t count, int64_t width,
                int64_t depth, float* out) {
  if (count < width) std::fill(out, out + width * depth, 0.0f);
  int64_t i = 0;
  const int64_t whole = step == 1 ? depth / 4 * 4 : 0;
  for (; whole > 0 && i + 4 <= count; i += 4) {
    transpose_four(in + i * stride, stride, whole, out + i, width);
    for (int64_t k = whole; k < depth; ++k) {
      for (int64_t j = i; j < i + 4; ++j) out[k * width + j] = in[j * stride + k];
    }
  }
  for (; i < count; ++i) {
    for (int64_t k = 0; k < depth; ++k) out[k * width + i] = in[i * stride + k * step];
  }
}

/// Panels of `width` lines that lie side by side: every step of all of them is read at once.
template <int64_t width>
HWY_INLINE void copy_panels(const float* in, int64_t step, int64_t count, int64_t depth,
                            float* out) {
  const int64_t whole = count / width * width;
  for (int64_t k = 0; k < depth; ++k, in += step) {
    float* to = out + k * width;
    for (int64_t i = 0; i < whole; i += width, to += width * depth) {
      std::memcpy(to, in + i, width * sizeof(float));
    }
    if (whole == count) continue;
    std::memcpy(to, in + whole, size_t(count - whole) * sizeof(float));
    std::fill(to + (count - whole), to + width, 0.0f);
  }
}

/// All panels of `width` lines: line i, `count` of them, is in[i * stride + k * step] for k <
/// depth.
template <int64_t width>
HWY_INLINE void pack_lines(const float* in, int64_t stride, int64_t step, int64_t count,
                           int64_t depth, float* out) {
  if (stride == 1) return copy_panels<width>(in, step, count, depth, out);
  for (int64_t i = 0; i < count; i += width, out += width * depth) {
    pack_panel(in + i * stride, stride, step, std::min(width, count - i), width, depth, out);
  }
}

void pack_row_panels(const float* in, int64_t stride, int64_t step, int64_t count, int64_t depth,
                     float* out) {
  pack_lines<tile_rows>(in, stride, step, count, depth, out);
}

void pack_column_panels(const float* in, int64_t stride, int64_t step, int64_t count, int64_t depth,
                        float* out) {
  pack_lines<2 * int64_t(hn::MaxLanes(TileTag()))>(in, stride, step, count, depth, out);
}

/// One tile of the product: [tile_rows, 2 * lanes].
template <bool add>
HWY_INLINE void multiply_tile(const float* a, const float* b, int64_t depth, Addend addend,
                              float* c, int64_t c_stride) {
  const TileTag d;
  hn::Vec<TileTag> low[tile_rows], high[tile_rows];
  for (int64_t i = 0; i < tile_rows; ++i) low[i] = high[i] = hn::Zero(d);
  for (int64_t k = 0; k < depth; ++k) {
    const auto b_low = hn::LoadU(d, b), b_high = hn::LoadU(d, b + lanes());
    HWY_UNROLL(tile_rows)
    for (int64_t i = 0; i < tile_rows; ++i) {
      const auto x = hn::Set(d, a[i]);
      low[i] = hn::MulAdd(x, b_low, low[i]);
      high[i] = hn::MulAdd(x, b_high, high[i]);
    }
    a += tile_rows;
    b += 2 * lanes();
  }
  for (int64_t i = 0; i < tile_rows; ++i) {
    if constexpr (add) {
      const float* from = addend.data + i * addend.stride;
      low[i] = hn::Add(low[i], hn::LoadU(d, from));
      high[i] = hn::Add(high[i], hn::LoadU(d, from + lanes()));
    }
    hn::StoreU(low[i], d, c + i * c_stride);
    hn::StoreU(high[i], d, c + i * c_stride + lanes());
  }
}

template <bool add>
HWY_INLINE void multiply_tiles(const float* a, int64_t rows, const float* b, int64_t columns,
                               int64_t depth, Addend addend, float* c, int64_t c_stride) {
  const int64_t width = 2 * lanes();
  for (int64_t column = 0; column < columns; column += width, b += width * depth) {
    const float* panel = a;
    for (int64_t row = 0; row < rows; row += tile_rows, panel += tile_rows * depth) {
      float* to = c + row * c_stride + column;
      const Addend from{add ? addend.data + row * addend.stride + column : nullptr, addend.stride};
      if (row + tile_rows <= rows && column + width <= columns) {
        multiply_tile<add>(panel, b, depth, from, to, c_stride);
        continue;
      }
      HWY_ALIGN float tile[tile_rows * 2 * 16];
      multiply_tile<false>(panel, b, depth, {}, tile, width);
      for (int64_t i = 0; i < std::min(tile_rows, rows - row); ++i) {
        for (int64_t j = 0; j < std::min(width, columns - column); ++j) {
          to[i * c_stride + j] = tile[i * width + j] + (add ? from.data[i * from.stride + j] : 0);
        }
      }
    }
  }
}

void multiply_panels(const float* a, int64_t rows, const float* b, int64_t columns, int64_t depth,
                     Addend addend, float* c, int64_t c_stride) {
  if (addend.data != nullptr)
    multiply_tiles<true>(a, rows, b, columns, depth, addend, c, c_stride);
  else
    multiply_tiles<false>(a, rows, b, columns, depth, addend, c, c_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(tile_row_count);
HWY_EXPORT(tile_column_count);
HWY_EXPORT(pack_row_panels);
HWY_EXPORT(pack_column_panels);
HWY_EXPORT(multiply_panels);

int64_t gemm_tile_rows() { return HWY_DYNAMIC_DISPATCH(tile_row_count)(); }

int64_t gemm_tile_columns() { return HWY_DYNAMIC_DISPATCH(tile_column_count)(); }

size_t packed_rows_size(int64_t rows, int64_t depth) {
  const int64_t tile = gemm_tile_rows();
  return size_t((rows + tile - 1) / tile * tile * depth);
}

size_t packed_columns_size(int64_t depth, int64_t columns) {
  const int64_t tile = gemm_tile_columns();
  return size_t((columns + tile - 1) / tile * tile * depth);
}

void pack_rows(const Matrix<float>& a, float* out) {
  HWY_DYNAMIC_DISPATCH(pack_row_panels)
  (a.data, a.row_stride, a.column_stride, a.rows, a.columns, out);
}

void pack_columns(const Matrix<float>& b, float* out) {
  HWY_DYNAMIC_DISPATCH(pack_column_panels)
  (b.data, b.column_stride, b.row_stride, b.columns, b.rows, out);
}

void multiply_packed(const float* a, int64_t rows, const float* b, int64_t columns, int64_t depth,
                     Addend addend, float* c, int64_t c_stride) {
  HWY_DYNAMIC_DISPATCH(multiply_panels)(a, rows, b, columns, depth, addend, c, c_stride);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
