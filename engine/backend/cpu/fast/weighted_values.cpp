#include "engine/backend/cpu/fast/weighted_values.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/weighted_values.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/fast/softmax_weight-inl.h"
#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using RowTag = hn::ScalableTag<float>;

/// Rows of sums that are added to at a time, and registers of columns: the sums, a row of values
/// and every row's weight have to fit the registers.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t most_rows = 8;
constexpr size_t columns_of(size_t rows) { return rows <= 4 ? 4 : 2; }
#else
constexpr size_t most_rows = 4;
constexpr size_t columns_of(size_t) { return 2; }
#endif

/// Turns a row's scores into their weights; room behind them, up to whole registers, is written.
/// Returns what the row's sums so far are to be multiplied with.
HWY_INLINE float weigh(float* scores, size_t n, float& largest, float& sum) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (size_t i = n; i % lanes != 0; ++i) scores[i] = -infinity;
  auto most = hn::Set(d, largest);
  for (size_t i = 0; i < n; i += lanes) most = hn::Max(hn::LoadU(d, scores + i), most);
  const float before = largest;
  largest = hn::GetLane(hn::MaxOfLanes(d, most));
  const auto shift = hn::Set(d, largest == -infinity ? 0 : largest);
  auto sums = hn::Zero(d);
  for (size_t i = 0; i < n; i += lanes) {
    const auto weight = softmax_weight(d, hn::Sub(hn::LoadU(d, scores + i), shift));
    hn::StoreU(weight, d, scores + i);
    sums = hn::Add(sums, weight);
  }
  float factor = 1;
  if (before != largest)
    factor = hn::GetLane(softmax_weight(d, hn::Sub(hn::Set(d, before), shift)));
  sum = sum * factor + hn::GetLane(hn::SumOfLanes(d, sums));
  return factor;
}

/// R rows of sums over C registers of columns, which stay in registers while the values go by. Asks
/// for the same columns of the values that come few_keys later.
template <size_t R, size_t C, typename T>
HWY_INLINE void add_block(const T* values, int64_t value_stride, size_t n, const float* weights,
                          size_t stride, const float* factors, size_t width, float* sums) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<RowTag> s[R][C];
  for (size_t r = 0; r < R; ++r) {
    const auto factor = hn::Set(d, factors[r]);
    for (size_t c = 0; c < C; ++c)
      s[r][c] = hn::Mul(hn::LoadU(d, sums + r * width + c * lanes), factor);
  }
  for (size_t t = 0; t < n; ++t) {
    const T* row = values + int64_t(t) * value_stride;
    const auto* later = reinterpret_cast<const char*>(row + few_keys * value_stride);
    for (size_t at = 0; at < C * lanes * sizeof(T); at += 64) __builtin_prefetch(later + at, 0, 2);
    for (size_t c = 0; c < C; ++c) {
      const auto value = load_floats(d, row + c * lanes);
      for (size_t r = 0; r < R; ++r)
        s[r][c] = hn::MulAdd(value, hn::Set(d, weights[r * stride + t]), s[r][c]);
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t c = 0; c < C; ++c) hn::StoreU(s[r][c], d, sums + r * width + c * lanes);
  }
}

template <size_t R, typename T>
void add_rows(const T* values, int64_t value_stride, size_t n, const float* weights, size_t stride,
              const float* factors, size_t width, float* sums) {
  const size_t lanes = hn::Lanes(RowTag());
  constexpr size_t columns = columns_of(R);
  size_t j = 0;
  for (; j + columns * lanes <= width; j += columns * lanes) {
    add_block<R, columns>(values + j, value_stride, n, weights, stride, factors, width, sums + j);
  }
  for (; j + lanes <= width; j += lanes)
    add_block<R, 1>(values + j, value_stride, n, weights, stride, factors, width, sums + j);
  for (; j < width; ++j) {
    for (size_t r = 0; r < R; ++r) {
      float sum = sums[r * width + j] * factors[r];
      for (size_t t = 0; t < n; ++t)
        sum += weights[r * stride + t] * float(values[int64_t(t) * value_stride + int64_t(j)]);
      sums[r * width + j] = sum;
    }
  }
}

template <typename T>
HWY_INLINE void add_keys_of(const T* values, int64_t value_stride, size_t n, float* scores,
                            size_t stride, size_t rows, const RunningSums& to) {
  constexpr decltype(&add_rows<1, T>) adders[] = {
    add_rows<1, T>,
    add_rows<2, T>,
    add_rows<3, T>,
    add_rows<4, T>,
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
    add_rows<5, T>,
    add_rows<6, T>,
    add_rows<7, T>,
    add_rows<8, T>,
#endif
  };
  const auto width = size_t(to.width);
  // Evenly: 9 rows are 5 and 4.
  const size_t blocks = (rows + most_rows - 1) / most_rows;
  for (size_t r = 0, left = blocks; left > 0; --left) {
    const size_t count = (rows - r + left - 1) / left;
    float factors[most_rows];
    for (size_t i = 0; i < count; ++i)
      factors[i] = weigh(scores + (r + i) * stride, n, to.largest[r + i], to.sum[r + i]);
    adders[count - 1](values, value_stride, n, scores + r * stride, stride, factors, width,
                      to.weighted + r * width);
    r += count;
  }
}

void add_keys_float32(const float* values, int64_t value_stride, size_t n, float* scores,
                      size_t stride, size_t rows, const RunningSums& to) {
  add_keys_of(values, value_stride, n, scores, stride, rows, to);
}

void add_keys_float16(const float16_t* values, int64_t value_stride, size_t n, float* scores,
                      size_t stride, size_t rows, const RunningSums& to) {
  add_keys_of(values, value_stride, n, scores, stride, rows, to);
}

void add_keys_bfloat16(const bfloat16_t* values, int64_t value_stride, size_t n, float* scores,
                       size_t stride, size_t rows, const RunningSums& to) {
  add_keys_of(values, value_stride, n, scores, stride, rows, to);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(add_keys_float32);
HWY_EXPORT(add_keys_float16);
HWY_EXPORT(add_keys_bfloat16);

void add_keys(const float* values, int64_t value_stride, size_t n, float* scores, size_t stride,
              size_t rows, const RunningSums& to) {
  HWY_DYNAMIC_DISPATCH(add_keys_float32)(values, value_stride, n, scores, stride, rows, to);
}
void add_keys(const float16_t* values, int64_t value_stride, size_t n, float* scores, size_t stride,
              size_t rows, const RunningSums& to) {
  HWY_DYNAMIC_DISPATCH(add_keys_float16)(values, value_stride, n, scores, stride, rows, to);
}
void add_keys(const bfloat16_t* values, int64_t value_stride, size_t n, float* scores,
              size_t stride, size_t rows, const RunningSums& to) {
  HWY_DYNAMIC_DISPATCH(add_keys_bfloat16)(values, value_stride, n, scores, stride, rows, to);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
