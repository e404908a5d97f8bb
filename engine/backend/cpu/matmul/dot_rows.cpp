#include "engine/backend/cpu/matmul/dot_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/matmul/dot_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// The products of R rows with V vectors, which share the loads of both.
template <size_t R, size_t V, typename T>
HWY_INLINE void dot_block(const T* rows, int64_t row_stride, const float* x, size_t length,
                          float* out, size_t out_stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sums[R][V];
  for (size_t r = 0; r < R; ++r) {
    for (size_t v = 0; v < V; ++v) sums[r][v] = hn::Zero(d);
  }
  size_t k = 0;
  for (; k + lanes <= length; k += lanes) {
    hn::Vec<decltype(d)> vectors[V];
    for (size_t v = 0; v < V; ++v) vectors[v] = hn::LoadU(d, x + v * length + k);
    for (size_t r = 0; r < R; ++r) {
      const auto row = load_floats(d, rows + int64_t(r) * row_stride + int64_t(k));
      for (size_t v = 0; v < V; ++v) sums[r][v] = hn::MulAdd(row, vectors[v], sums[r][v]);
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t v = 0; v < V; ++v) {
      float sum = hn::GetLane(hn::SumOfLanes(d, sums[r][v]));
      for (size_t i = k; i < length; ++i)
        sum += float(rows[int64_t(r) * row_stride + int64_t(i)]) * x[v * length + i];
      out[v * out_stride + r] = sum;
    }
  }
}

template <size_t R, size_t V, typename T>
HWY_INLINE void dot_all_rows(const T* rows, int64_t row_stride, size_t row_count, const float* x,
                             size_t length, float* out, size_t out_stride) {
  size_t r = 0;
  for (; r + R <= row_count; r += R) {
    dot_block<R, V>(rows + int64_t(r) * row_stride, row_stride, x, length, out + r, out_stride);
  }
  for (; r < row_count; ++r) {
    dot_block<1, V>(rows + int64_t(r) * row_stride, row_stride, x, length, out + r, out_stride);
  }
}

/// Rows in blocks small enough to stay in the first-level cache while more vectors come by.
template <typename T>
HWY_INLINE void dot_rows_of(const T* rows, int64_t row_stride, size_t row_count, const float* x,
                            size_t vectors, size_t length, float* out, size_t out_stride) {
  const size_t block = vectors <= 4 ? row_count : 4;
  for (size_t r = 0; r < row_count; r += block) {
    const size_t count = HWY_MIN(block, row_count - r);
    const T* first = rows + int64_t(r) * row_stride;
    for (size_t v = 0; v < vectors; v += 4) {
      const float* xs = x + v * length;
      float* to = out + v * out_stride + r;
      switch (HWY_MIN(vectors - v, size_t(4))) {
        case 1:
          dot_all_rows<4, 1>(first, row_stride, count, xs, length, to, out_stride);
          break;
        case 2:
          dot_all_rows<4, 2>(first, row_stride, count, xs, length, to, out_stride);
          break;
        case 3:
          dot_all_rows<2, 3>(first, row_stride, count, xs, length, to, out_stride);
          break;
        default:
          dot_all_rows<2, 4>(first, row_stride, count, xs, length, to, out_stride);
      }
    }
  }
}

void dot_rows_float32(const float* rows, int64_t row_stride, size_t row_count, const float* x,
                      size_t vectors, size_t length, float* out, size_t out_stride) {
  dot_rows_of(rows, row_stride, row_count, x, vectors, length, out, out_stride);
}

void dot_rows_float16(const float16_t* rows, int64_t row_stride, size_t row_count, const float* x,
                      size_t vectors, size_t length, float* out, size_t out_stride) {
  dot_rows_of(rows, row_stride, row_count, x, vectors, length, out, out_stride);
}

void dot_rows_bfloat16(const bfloat16_t* rows, int64_t row_stride, size_t row_count, const float* x,
                       size_t vectors, size_t length, float* out, size_t out_stride) {
  dot_rows_of(rows, row_stride, row_count, x, vectors, length, out, out_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(dot_rows_float32);
HWY_EXPORT(dot_rows_float16);
HWY_EXPORT(dot_rows_bfloat16);

void dot_rows(const float* rows, int64_t row_stride, size_t row_count, const float* x,
              size_t vectors, size_t length, float* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(dot_rows_float32)
  (rows, row_stride, row_count, x, vectors, length, out, out_stride);
}

void dot_rows(const float16_t* rows, int64_t row_stride, size_t row_count, const float* x,
              size_t vectors, size_t length, float* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(dot_rows_float16)
  (rows, row_stride, row_count, x, vectors, length, out, out_stride);
}

void dot_rows(const bfloat16_t* rows, int64_t row_stride, size_t row_count, const float* x,
              size_t vectors, size_t length, float* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(dot_rows_bfloat16)
  (rows, row_stride, row_count, x, vectors, length, out, out_stride);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
