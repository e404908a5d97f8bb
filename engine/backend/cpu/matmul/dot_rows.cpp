#include "engine/backend/cpu/matmul/dot_rows.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/matmul/dot_rows.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using LaneTag = hn::CappedTag<float, 16>;
constexpr size_t lanes = hn::MaxLanes(LaneTag());

// Sums that fit the registers beside what they are made of: there are 32 of them or 16. Of many
// vectors `tall_vectors` share four rows: every load of a vector, which is from the second-level
// cache, then serves four products.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t most_sums = 16, tall_vectors = 6;
#else
constexpr size_t most_sums = 8, tall_vectors = 4;
#endif

/// Rows this short are summed up so often that it pays to sum up as many as possible at once.
constexpr size_t short_row = 512;

/// In each block of four lanes: the sums over the lanes of a, b, c and e's block.
HWY_INLINE hn::Vec<LaneTag> block_sums(hn::Vec<LaneTag> a, hn::Vec<LaneTag> b, hn::Vec<LaneTag> c,
                                       hn::Vec<LaneTag> e) {
  const LaneTag d;
  const hn::Repartition<double, LaneTag> pairs;
  const auto ab =
      hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)));
  const auto ce =
      hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e)));
  return hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)),
                 hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)));
}

/// Lane i: the sum over the lanes of v[i].
HWY_INLINE hn::Vec<LaneTag> lane_sums(const hn::Vec<LaneTag>* v) {
  const auto first = block_sums(v[0], v[1], v[2], v[3]);
  if constexpr (lanes == 4) {
    return first;
  } else {
    const LaneTag d;
    const auto halves = [&](auto a, auto b) {
      return hn::Add(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a));
    };
    const auto second = block_sums(v[4], v[5], v[6], v[7]);
    if constexpr (lanes == 8) {
      return halves(first, second);
    } else {
      const auto third = block_sums(v[8], v[9], v[10], v[11]);
      const auto fourth = block_sums(v[12], v[13], v[14], v[15]);
      const auto even = halves(first, third), odd = halves(second, fourth);
      return hn::OddEvenBlocks(hn::Add(odd, hn::SwapAdjacentBlocks(odd)),
                               hn::Add(even, hn::SwapAdjacentBlocks(even)));
    }
  }
}

/// How far ahead of dense rows memory is asked for them, in file order and to the second-level
/// cache.
constexpr size_t bytes_ahead = 32768;

/// The products of R rows with V vectors, which share the loads of both; only the first `vectors`
/// are different ones, and are stored. is_dense: the rows follow one another, as others do after
/// them.
template <size_t R, size_t V, typename T>
HWY_INLINE void dot_block(const T* rows, int64_t row_stride, bool is_dense, const float* x,
                          size_t vectors, size_t length, float* out, size_t out_stride) {
  constexpr size_t groups = (R * V + lanes - 1) / lanes;
  const LaneTag d;
  const float* xs[V];
  for (size_t v = 0; v < V; ++v) xs[v] = x + HWY_MIN(v, vectors - 1) * length;
  hn::Vec<LaneTag> sums[groups * lanes];
  for (auto& sum : sums) sum = hn::Zero(d);
  constexpr size_t step_bytes = R * lanes * sizeof(T);
  const auto* next = reinterpret_cast<const char*>(rows) + bytes_ahead;
  size_t k = 0;
  for (; k + lanes <= length; k += lanes, next += step_bytes) {
    if (is_dense) {
      for (size_t at = 0; at < step_bytes; at += 64) __builtin_prefetch(next + at, 0, 2);
    }
    hn::Vec<LaneTag> row[R];
    for (size_t r = 0; r < R; ++r)
      row[r] = load_floats(d, rows + int64_t(r) * row_stride + int64_t(k));
    for (size_t v = 0; v < V; ++v) {
      const auto vector = hn::LoadU(d, xs[v] + k);
      for (size_t r = 0; r < R; ++r) sums[v * R + r] = hn::MulAdd(row[r], vector, sums[v * R + r]);
    }
  }
  HWY_ALIGN float products[groups * lanes];
  for (size_t g = 0; g < groups; ++g)
    hn::Store(lane_sums(sums + g * lanes), d, products + g * lanes);
  for (; k < length; ++k) {
    for (size_t v = 0; v < V; ++v) {
      for (size_t r = 0; r < R; ++r)
        products[v * R + r] += float(rows[int64_t(r) * row_stride + int64_t(k)]) * xs[v][k];
    }
  }
  for (size_t v = 0; v < vectors; ++v)
    std::memcpy(out + v * out_stride, products + v * R, R * sizeof(float));
}

/// Asks for all of some short rows at once, before the products wait for one line after the other.
template <size_t R, typename T>
HWY_INLINE void prefetch_rows(const T* rows, int64_t row_stride, size_t length) {
  for (size_t r = 0; r < R; ++r) {
    const auto* row = reinterpret_cast<const char*>(rows + int64_t(r) * row_stride);
    for (size_t at = 0; at < length * sizeof(T); at += 64) hwy::Prefetch(row + at);
  }
}

template <size_t R, size_t V, bool prefetches, typename T>
HWY_INLINE void dot_all_rows(const T* rows, int64_t row_stride, size_t row_count, const float* x,
                             size_t vectors, size_t length, float* out, size_t out_stride) {
  const bool is_dense = !prefetches && row_stride == int64_t(length);
  size_t r = 0;
  for (; r + R <= row_count; r += R) {
    if (prefetches) prefetch_rows<R>(rows + int64_t(r) * row_stride, row_stride, length);
    dot_block<R, V>(rows + int64_t(r) * row_stride, row_stride, is_dense, x, vectors, length,
                    out + r, out_stride);
  }
  for (; r < row_count; ++r) {
    dot_block<1, V>(rows + int64_t(r) * row_stride, row_stride, is_dense, x, vectors, length,
                    out + r, out_stride);
  }
}

/// At most V vectors. Long rows come from memory, which is read best a few rows at a time.
template <size_t V, typename T>
HWY_INLINE void dot_vectors(const T* rows, int64_t row_stride, size_t row_count, const float* x,
                            size_t vectors, size_t length, float* out, size_t out_stride) {
  constexpr size_t most_rows = V == 6 ? 4 : most_sums / V, few_rows = HWY_MIN(most_rows, size_t(4));
  if (length <= short_row)
    dot_all_rows<most_rows, V, true>(rows, row_stride, row_count, x, vectors, length, out,
                                     out_stride);
  else
    dot_all_rows<few_rows, V, false>(rows, row_stride, row_count, x, vectors, length, out,
                                     out_stride);
}

/// Rows in blocks small enough to stay in the first-level cache while more vectors come by.
template <typename T>
HWY_INLINE void dot_rows_of(const T* rows, int64_t row_stride, size_t row_count, const float* x,
                            size_t vectors, size_t length, float* out, size_t out_stride) {
  constexpr size_t most_vectors = most_sums / 2;
  const size_t block = vectors <= most_vectors || length <= short_row ? row_count : 4;
  for (size_t r = 0; r < row_count; r += block) {
    const size_t count = HWY_MIN(block, row_count - r);
    const T* first = rows + int64_t(r) * row_stride;
    for (size_t v = 0; v < vectors;) {
      const float* xs = x + v * length;
      float* to = out + v * out_stride + r;
      const size_t left = vectors - v, most = left > 8 || left == 5 || left == 6 ? tall_vectors
                                              : left > 6                         ? most_vectors
                                                         : HWY_MIN(left, size_t(4));
      const size_t taken = HWY_MIN(left, most);
      switch (most) {
        case 1:
          dot_vectors<1>(first, row_stride, count, xs, taken, length, to, out_stride);
          break;
        case 2:
          dot_vectors<2>(first, row_stride, count, xs, taken, length, to, out_stride);
          break;
        case 3:
        case 4:
          dot_vectors<4>(first, row_stride, count, xs, taken, length, to, out_stride);
          break;
        case 6:
          dot_vectors<tall_vectors>(first, row_stride, count, xs, taken, length, to, out_stride);
          break;
        default:
          dot_vectors<most_vectors>(first, row_stride, count, xs, taken, length, to, out_stride);
      }
      v += taken;
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
