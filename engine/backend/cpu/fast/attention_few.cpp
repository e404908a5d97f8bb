#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/backend/cpu/fast/attention.h"
#include "engine/backend/cpu/matmul/dot_rows.h"
#include "engine/backend/cpu/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/attention_few.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/fast/softmax_weight-inl.h"
#include "engine/backend/cpu/float_lanes-inl.h"

// Attention of a few queries to a long cache: what generating a token does. The time is that of
// reading keys and values, once for all the queries that share them.

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using RowTag = hn::ScalableTag<float>;

/// Rows of sums that are added to at a time: the sums, a row of values and a weight have to fit the
/// registers.
constexpr size_t most_rows = 4;
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t most_columns = 4;
#else
constexpr size_t most_columns = 2;
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
/// for `wanted` bytes of each value's row: the columns that come later.
template <size_t R, size_t C, typename T>
HWY_INLINE void add_block(const T* values, int64_t value_stride, size_t n, const float* weights,
                          size_t stride, const float* factors, size_t width, size_t wanted,
                          float* sums) {
  const RowTag d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<RowTag> s[R][C];
  for (size_t r = 0; r < R; ++r) {
    const auto factor = hn::Set(d, factors[r]);
    for (size_t c = 0; c < C; ++c)
      s[r][c] = hn::Mul(hn::LoadU(d, sums + r * width + c * lanes), factor);
  }
  for (size_t t = 0; t < n; ++t) {
    const auto* row = reinterpret_cast<const char*>(values + int64_t(t) * value_stride);
    for (size_t at = 0; at < wanted; at += 64) hwy::Prefetch(row + at);
    hn::Vec<RowTag> v[C];
    for (size_t c = 0; c < C; ++c)
      v[c] = load_floats(d, values + int64_t(t) * value_stride + int64_t(c * lanes));
    for (size_t r = 0; r < R; ++r) {
      const auto weight = hn::Set(d, weights[r * stride + t]);
      for (size_t c = 0; c < C; ++c) s[r][c] = hn::MulAdd(v[c], weight, s[r][c]);
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t c = 0; c < C; ++c) hn::StoreU(s[r][c], d, sums + r * width + c * lanes);
  }
}

template <size_t R, typename T>
HWY_INLINE void add_rows(const T* values, int64_t value_stride, size_t n, const float* weights,
                         size_t stride, const float* factors, size_t width, float* sums) {
  const size_t lanes = hn::Lanes(RowTag());
  const auto wanted = [&](size_t j) { return j == 0 ? width * sizeof(T) : 0; };
  size_t j = 0;
  for (; j + most_columns * lanes <= width; j += most_columns * lanes) {
    add_block<R, most_columns>(values + j, value_stride, n, weights, stride, factors, width,
                               wanted(j), sums + j);
  }
  for (; j + lanes <= width; j += lanes)
    add_block<R, 1>(values + j, value_stride, n, weights, stride, factors, width, wanted(j),
                    sums + j);
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
  const auto width = size_t(to.width);
  for (size_t r = 0; r < rows; r += most_rows) {
    const size_t count = HWY_MIN(most_rows, rows - r);
    float* weights = scores + r * stride;
    float* sums = to.weighted + r * width;
    float factors[most_rows];
    for (size_t i = 0; i < count; ++i)
      factors[i] = weigh(weights + i * stride, n, to.largest[r + i], to.sum[r + i]);
    switch (count) {
      case 1:
        add_rows<1>(values, value_stride, n, weights, stride, factors, width, sums);
        break;
      case 2:
        add_rows<2>(values, value_stride, n, weights, stride, factors, width, sums);
        break;
      case 3:
        add_rows<3>(values, value_stride, n, weights, stride, factors, width, sums);
        break;
      default:
        add_rows<4>(values, value_stride, n, weights, stride, factors, width, sums);
    }
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

namespace {

/// Keys whose scores are held at a time: their rows stay in the second-level cache.
constexpr int64_t few_keys = 128;

/// Keys of a part: enough to make up for its share of the sums.
constexpr int64_t least_part_keys = 256;

/// Adds n keys and their values to the sums of `rows` queries: scores [rows, n], `stride` apart,
/// become weights, which needs room up to a multiple of 16.
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

/// The keys of each head in parts, which any thread computes; the one that is done last with a
/// head's puts them together.
template <typename T>
class FewQueries {
 public:
  explicit FewQueries(const Attention<T>& a)
      : a_(a),
        rows_(a.heads_per_key() * a.query_times),
        heads_(a.batches * a.key_heads),
        parts_(parts_per_head(a)),
        part_keys_((a.key_times + parts_ - 1) / parts_),
        sums_(size_t(heads_ * parts_ * sums_size())),
        parts_left_(size_t(heads_)) {
    for (auto& left : parts_left_) left.store(int(parts_), std::memory_order_relaxed);
  }

  void attend() {
    const int64_t work = rows_ * part_keys_ * (a_.width + a_.value_width);
    const int64_t grain = std::max<int64_t>(1, (int64_t(1) << 16) / std::max<int64_t>(1, work));
    parallel_for(size_t(heads_ * parts_), size_t(grain), [&](size_t begin, size_t end) {
      Scratch<float> queries(size_t(rows_ * a_.width)), scores(size_t(rows_ * few_keys)),
          output(size_t(a_.value_width));
      for (auto part = int64_t(begin); part < int64_t(end); ++part) {
        const int64_t head = part / parts_;
        add_part(head, part % parts_, queries.data(), scores.data());
        if (parts_left_[size_t(head)].fetch_sub(1, std::memory_order_acq_rel) == 1)
          store_head(head, output.data());
      }
    });
  }

 private:
  /// So many that all threads have something to do until the end.
  static int64_t parts_per_head(const Attention<T>& a) {
    const int64_t threads = ThreadPool::instance().size(), heads = a.batches * a.key_heads;
    const int64_t wanted = threads == 1 ? 1 : (16 * threads + heads - 1) / heads;
    return std::clamp<int64_t>(a.key_times / least_part_keys, 1, wanted);
  }

  QueryBlock block_of(int64_t head) const {
    return {head / a_.key_heads, head % a_.key_heads, 0, a_.query_times};
  }

  int64_t sums_size() const { return rows_ * (a_.value_width + 2); }
  RunningSums sums_of(int64_t head, int64_t part) const {
    float* from = const_cast<float*>(sums_.data()) + (head * parts_ + part) * sums_size();
    return {from, from + rows_, from + 2 * rows_, a_.value_width};
  }

  void add_part(int64_t head, int64_t part, float* queries, float* scores) {
    const QueryBlock block = block_of(head);
    const RunningSums sums = sums_of(head, part);
    std::fill_n(sums.largest, rows_, -std::numeric_limits<float>::infinity());
    std::fill_n(sums.sum, rows_ * (a_.value_width + 1), 0.0f);
    load_queries(a_, block, queries);
    const bool hides = a_.mask != nullptr || (a_.causal && a_.query_times > 1);
    const int64_t end = std::min((part + 1) * part_keys_, a_.key_times);
    for (int64_t key = part * part_keys_; key < end; key += few_keys) {
      const int64_t n = std::min(few_keys, end - key);
      dot_rows(a_.keys.at(block.batch, block.key_head, key), a_.keys.time_stride, size_t(n),
               queries, size_t(rows_), size_t(a_.width), scores, size_t(few_keys));
      for (int64_t row = 0; hides && row < rows_; ++row) {
        mask_scores(a_, block.batch, head_of(block, row), row % a_.query_times, key, n,
                    scores + row * few_keys);
      }
      add_keys(a_.values.at(block.batch, block.key_head, key), a_.values.time_stride, size_t(n),
               scores, size_t(few_keys), size_t(rows_), sums);
    }
  }

  int64_t head_of(const QueryBlock& block, int64_t row) const {
    return block.key_head * a_.heads_per_key() + row / a_.query_times;
  }

  /// out = weighted / sum, from all parts of the head and the sink.
  void store_head(int64_t head, float* scratch) const {
    const QueryBlock block = block_of(head);
    for (int64_t row = 0; row < rows_; ++row) {
      const int64_t query_head = head_of(block, row);
      float largest = a_.sinks ? a_.sinks[query_head] : -std::numeric_limits<float>::infinity();
      for (int64_t i = 0; i < parts_; ++i)
        largest = std::max(largest, sums_of(head, i).largest[row]);
      // Only -inf everywhere: the sums are 0 and the result NaN, as 0 / 0 is.
      if (std::isinf(largest) && largest < 0) largest = 0;
      float sum = a_.sinks ? std::exp(a_.sinks[query_head] - largest) : 0;
      std::fill_n(scratch, a_.value_width, 0.0f);
      for (int64_t i = 0; i < parts_; ++i) {
        const RunningSums part = sums_of(head, i);
        const float factor = std::exp(part.largest[row] - largest);
        const float* weighted = part.weighted + row * a_.value_width;
        sum += factor * part.sum[row];
        for (int64_t j = 0; j < a_.value_width; ++j) scratch[j] += factor * weighted[j];
      }
      scale_row(scratch, size_t(a_.value_width), 1 / sum);
      narrow(scratch, a_.out_row(block.batch, query_head, row % a_.query_times),
             size_t(a_.value_width));
    }
  }

  const Attention<T>& a_;
  int64_t rows_, heads_, parts_, part_keys_;
  Scratch<float> sums_;
  std::vector<std::atomic<int>> parts_left_;
};

}  // namespace

template <typename T>
void attend_few(const Attention<T>& a) {
  FewQueries<T>(a).attend();
}

template void attend_few(const Attention<float>&);
template void attend_few(const Attention<float16_t>&);
template void attend_few(const Attention<bfloat16_t>&);

}  // namespace quern::cpu
#endif  // HWY_ONCE
