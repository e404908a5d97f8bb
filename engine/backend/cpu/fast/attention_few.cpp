#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "engine/backend/cpu/fast/attention.h"
#include "engine/backend/cpu/fast/bfloat16_scores.h"
#include "engine/backend/cpu/fast/weighted_values.h"
#include "engine/backend/cpu/matmul/bfloat16_gemm.h"
#include "engine/backend/cpu/matmul/dot_rows.h"
#include "engine/backend/cpu/thread_pool.h"

// Attention of a few queries to a long cache: what generating a token does. The time is that of
// reading keys and values, once for all the queries that share them.

namespace quern::cpu {

namespace {

/// Keys of a part: enough to make up for its share of the sums.
constexpr int64_t least_part_keys = 256;

/// The queries of a block, as what multiplies them with keys wants them.
template <typename T>
class FewQueryRows {
 public:
  /// Room for `rows` of them.
  FewQueryRows(int64_t rows, int64_t width)
      : rows_(rows),
        width_(width),
        in_pairs_(std::is_same_v<T, bfloat16_t> && width % 2 == 0 && avx512_bf16::is_supported()),
        floats_(size_t(in_pairs_ ? 0 : rows * width)),
        pairs_(size_t(in_pairs_ ? rows * width / 2 : 0)) {}

  void load(const Attention<T>& a, const QueryBlock& block) {
    if (!in_pairs_) return load_queries(a, block, floats_.data());
    int64_t row = 0;
    for (int64_t g = 0; g < a.heads_per_key(); ++g) {
      for (int64_t i = 0; i < block.times; ++i, ++row) {
        const int64_t head = block.key_head * a.heads_per_key() + g;
        load_pairs(a.queries.at(block.batch, head, block.time + i), row);
      }
    }
  }

  /// scores [rows, few_keys]: of n keys from there on, with the queries that were loaded.
  void score(const Attention<T>& a, const T* keys, int64_t n, float* scores) const {
    const int64_t stride = a.keys.time_stride;
    if constexpr (std::is_same_v<T, bfloat16_t>) {
      if (in_pairs_) {
        const avx512_bf16::ScoredKeys scored{keys, stride, n, width_, few_keys};
        for (int64_t row = 0; row < rows_; row += most_together) {
          avx512_bf16::score_keys(scored, pairs_.data() + row * width_ / 2, together(row), a.scale,
                                  scores + row * few_keys, few_keys);
        }
        return;
      }
    }
    dot_rows(keys, stride, size_t(n), floats_.data(), size_t(rows_), size_t(width_), scores,
             size_t(few_keys));
  }

 private:
  static constexpr int64_t most_together = avx512_bf16::most_scored_queries;
  int64_t together(int64_t row) const { return std::min(most_together, rows_ - row); }

  void load_pairs(const T* query, int64_t row) {
    const int64_t first = row / most_together * most_together, count = together(first);
    int32_t* to = pairs_.data() + first * width_ / 2 + (row - first);
    for (int64_t k = 0; k < width_; k += 2) std::memcpy(to + k / 2 * count, query + k, 4);
  }

  int64_t rows_, width_;
  bool in_pairs_;
  Scratch<float> floats_;   ///< [rows, width], scaled
  Scratch<int32_t> pairs_;  ///< for every most_together rows [width / 2, their number]
};

/// A thread's working memory.
template <typename T>
struct FewQueriesMemory {
  FewQueriesMemory(int64_t rows, int64_t width, int64_t value_width)
      : queries(rows, width), scores(size_t(rows * few_keys)), output(size_t(value_width)) {}

  FewQueryRows<T> queries;
  Scratch<float> scores, output;
};

/// One attention, the keys of each head in parts, which any thread computes; the one that is done
/// last with a head's puts them together.
template <typename T>
class FewQueries {
 public:
  FewQueries(const Attention<T>& a, int64_t most_parts)
      : a_(a),
        rows_(a.heads_per_key() * a.query_times),
        heads_(a.batches * a.key_heads),
        parts_(std::clamp<int64_t>(a.key_times / least_part_keys, 1, most_parts)),
        part_keys_((a.key_times + parts_ - 1) / parts_),
        sums_(size_t(heads_ * parts_ * sums_size())),
        parts_left_(size_t(heads_)) {
    for (auto& left : parts_left_) left.store(int(parts_), std::memory_order_relaxed);
  }

  int64_t parts() const { return heads_ * parts_; }

  /// Parts from which on another thread is worth it.
  int64_t grain() const {
    const int64_t work = rows_ * part_keys_ * (a_.width + a_.value_width);
    return std::max<int64_t>(1, (int64_t(1) << 16) / std::max<int64_t>(1, work));
  }

  FewQueriesMemory<T> memory() const { return {rows_, a_.width, a_.value_width}; }

  void run(int64_t part, FewQueriesMemory<T>& memory) {
    const int64_t head = part / parts_;
    add_part(head, part % parts_, memory.queries, memory.scores.data());
    if (parts_left_[size_t(head)].fetch_sub(1, std::memory_order_acq_rel) == 1)
      store_head(head, memory.output.data());
  }

 private:
  QueryBlock block_of(int64_t head) const {
    return {head / a_.key_heads, head % a_.key_heads, 0, a_.query_times};
  }

  int64_t sums_size() const { return rows_ * (a_.value_width + 2); }
  RunningSums sums_of(int64_t head, int64_t part) const {
    float* from = const_cast<float*>(sums_.data()) + (head * parts_ + part) * sums_size();
    return {from, from + rows_, from + 2 * rows_, a_.value_width};
  }

  void add_part(int64_t head, int64_t part, FewQueryRows<T>& queries, float* scores) {
    const QueryBlock block = block_of(head);
    const RunningSums sums = sums_of(head, part);
    std::fill_n(sums.largest, rows_, -std::numeric_limits<float>::infinity());
    std::fill_n(sums.sum, rows_ * (a_.value_width + 1), 0.0f);
    queries.load(a_, block);
    const bool hides = a_.mask != nullptr || (a_.causal && a_.query_times > 1);
    const int64_t end = std::min((part + 1) * part_keys_, a_.key_times);
    for (int64_t key = part * part_keys_; key < end; key += few_keys) {
      const int64_t n = std::min(few_keys, end - key);
      queries.score(a_, a_.keys.at(block.batch, block.key_head, key), n, scores);
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
void attend_few(const std::vector<Attention<T>>& all) {
  int64_t heads = 0;
  for (const Attention<T>& a : all) heads += a.batches * a.key_heads;
  // So many that all threads have something to do until the end.
  const int64_t threads = ThreadPool::instance().size();
  const int64_t most_parts = threads == 1 ? 1 : (8 * threads + heads - 1) / heads;
  std::vector<FewQueries<T>> each;
  std::vector<int64_t> ends;
  each.reserve(all.size());
  for (const Attention<T>& a : all) {
    each.emplace_back(a, most_parts);
    ends.push_back((ends.empty() ? 0 : ends.back()) + each.back().parts());
  }
  parallel_for(size_t(ends.back()), size_t(each[0].grain()), [&](size_t begin, size_t end) {
    FewQueriesMemory<T> memory = each[0].memory();
    for (auto part = int64_t(begin); part < int64_t(end); ++part) {
      const auto i = size_t(std::upper_bound(ends.begin(), ends.end(), part) - ends.begin());
      each[i].run(part - (i == 0 ? 0 : ends[i - 1]), memory);
    }
  });
}

template void attend_few(const std::vector<Attention<float>>&);
template void attend_few(const std::vector<Attention<float16_t>>&);
template void attend_few(const std::vector<Attention<bfloat16_t>>&);

}  // namespace quern::cpu
