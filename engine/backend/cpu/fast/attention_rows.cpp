#include <algorithm>
#include <limits>

#include "engine/backend/cpu/fast/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/attention_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/float_lanes-inl.h"
#include "engine/backend/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using RowTag = hn::ScalableTag<float>;

/// exp(x), and 0 where that is less than the smallest normal number: processors take a hundred
/// cycles for each result that is denormal, and masked scores would all be.
template <class D>
HWY_INLINE hn::Vec<D> weight_of(D d, hn::Vec<D> x) {
  const auto least = hn::Set(d, -87.0f);
  const auto vanishes = hn::Lt(x, least);
  return hn::IfThenZeroElse(vanishes, exp_of(d, hn::IfThenElse(vanishes, least, x)));
}

float exponentials_row(float* x, size_t n, float shift) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift);
  auto sums = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto e = weight_of(d, hn::Sub(hn::LoadU(d, x + i), shifts));
    hn::StoreU(e, d, x + i);
    sums = hn::Add(sums, e);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) {
    x[i] = hn::GetLane(weight_of(d, hn::Set(d, x[i] - shift)));
    sum += x[i];
  }
  return sum;
}

/// NaN when there is one, so that it reaches the result.
float largest_row(const float* x, size_t n) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  auto most = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    most = hn::Max(most, v);
    sum = hn::IfThenElse(hn::Eq(v, v), sum, v);
  }
  float largest = hn::GetLane(hn::MaxOfLanes(d, most)), nan = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) {
    if (x[i] > largest) largest = x[i];
    if (x[i] != x[i]) nan = x[i];
  }
  return nan != nan ? nan : largest;
}

void scale_one_row(float* x, size_t n, float factor) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  const auto factors = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factors), d, x + i);
  for (; i < n; ++i) x[i] *= factor;
}

/// R rows of sums over C registers of columns, which stay in registers while the values go by.
template <size_t R, size_t C, typename T>
HWY_INLINE void add_weighted_block(const T* values, int64_t value_stride, size_t count,
                                   const float* weights, size_t weight_stride, size_t width,
                                   float* sums) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<RowTag> s[R][C];
  for (size_t r = 0; r < R; ++r) {
    for (size_t c = 0; c < C; ++c) s[r][c] = hn::LoadU(d, sums + r * width + c * lanes);
  }
  for (size_t t = 0; t < count; ++t) {
    hn::Vec<RowTag> v[C];
    for (size_t c = 0; c < C; ++c)
      v[c] = load_floats(d, values + int64_t(t) * value_stride + int64_t(c * lanes));
    for (size_t r = 0; r < R; ++r) {
      const auto w = hn::Set(d, weights[r * weight_stride + t]);
      for (size_t c = 0; c < C; ++c) s[r][c] = hn::MulAdd(v[c], w, s[r][c]);
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t c = 0; c < C; ++c) hn::StoreU(s[r][c], d, sums + r * width + c * lanes);
  }
}

template <size_t R, typename T>
HWY_INLINE void add_weighted(const T* values, int64_t value_stride, size_t count,
                             const float* weights, size_t weight_stride, size_t width,
                             float* sums) {
  constexpr size_t columns = R == 1 ? 4 : 2;
  const size_t lanes = hn::Lanes(RowTag());
  size_t j = 0;
  for (; j + columns * lanes <= width; j += columns * lanes) {
    add_weighted_block<R, columns>(values + j, value_stride, count, weights, weight_stride, width,
                                   sums + j);
  }
  for (; j + lanes <= width; j += lanes) {
    add_weighted_block<R, 1>(values + j, value_stride, count, weights, weight_stride, width,
                             sums + j);
  }
  for (; j < width; ++j) {
    for (size_t r = 0; r < R; ++r) {
      for (size_t t = 0; t < count; ++t) {
        sums[r * width + j] +=
            weights[r * weight_stride + t] * float(values[int64_t(t) * value_stride + int64_t(j)]);
      }
    }
  }
}

template <typename T>
HWY_INLINE void add_weighted_of(const T* values, int64_t value_stride, size_t count,
                                const float* weights, size_t weight_stride, size_t rows,
                                size_t width, float* sums) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    add_weighted<4>(values, value_stride, count, weights + r * weight_stride, weight_stride, width,
                    sums + r * width);
  }
  for (; r < rows; ++r) {
    add_weighted<1>(values, value_stride, count, weights + r * weight_stride, weight_stride, width,
                    sums + r * width);
  }
}

void add_weighted_float32(const float* values, int64_t value_stride, size_t count,
                          const float* weights, size_t weight_stride, size_t rows, size_t width,
                          float* sums) {
  add_weighted_of(values, value_stride, count, weights, weight_stride, rows, width, sums);
}

void add_weighted_float16(const float16_t* values, int64_t value_stride, size_t count,
                          const float* weights, size_t weight_stride, size_t rows, size_t width,
                          float* sums) {
  add_weighted_of(values, value_stride, count, weights, weight_stride, rows, width, sums);
}

void add_weighted_bfloat16(const bfloat16_t* values, int64_t value_stride, size_t count,
                           const float* weights, size_t weight_stride, size_t rows, size_t width,
                           float* sums) {
  add_weighted_of(values, value_stride, count, weights, weight_stride, rows, width, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(exponentials_row);
HWY_EXPORT(largest_row);
HWY_EXPORT(scale_one_row);
HWY_EXPORT(add_weighted_float32);
HWY_EXPORT(add_weighted_float16);
HWY_EXPORT(add_weighted_bfloat16);

float exponentials(float* x, size_t n, float shift) {
  return HWY_DYNAMIC_DISPATCH(exponentials_row)(x, n, shift);
}

float largest_of(const float* x, size_t n) { return HWY_DYNAMIC_DISPATCH(largest_row)(x, n); }

void scale_row(float* x, size_t n, float factor) {
  HWY_DYNAMIC_DISPATCH(scale_one_row)(x, n, factor);
}

template <>
void add_weighted_rows(const float* values, int64_t value_stride, size_t count,
                       const float* weights, size_t weight_stride, size_t rows, size_t width,
                       float* sums) {
  HWY_DYNAMIC_DISPATCH(add_weighted_float32)
  (values, value_stride, count, weights, weight_stride, rows, width, sums);
}

template <>
void add_weighted_rows(const float16_t* values, int64_t value_stride, size_t count,
                       const float* weights, size_t weight_stride, size_t rows, size_t width,
                       float* sums) {
  HWY_DYNAMIC_DISPATCH(add_weighted_float16)
  (values, value_stride, count, weights, weight_stride, rows, width, sums);
}

template <>
void add_weighted_rows(const bfloat16_t* values, int64_t value_stride, size_t count,
                       const float* weights, size_t weight_stride, size_t rows, size_t width,
                       float* sums) {
  HWY_DYNAMIC_DISPATCH(add_weighted_bfloat16)
  (values, value_stride, count, weights, weight_stride, rows, width, sums);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
