#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/backend/cpu/fast/attention.h"
#include "engine/backend/cpu/fast/attention_panel.h"
#include "engine/backend/cpu/thread_pool.h"

// Attention of many queries: what reading a prompt does. Queries that share keys come in panels,
// whose scores are held for a few keys at a time.

namespace quern::cpu {

namespace {

/// Rows of queries, of all heads that share keys, that take turns with a block of these.
constexpr int64_t most_task_rows = 192;

/// Working memory of a thread.
struct PanelMemory {
  PanelMemory(int64_t rows, int64_t depth, int64_t value_depth)
      : query(size_t(rows * depth)),
        scores(size_t(panel_keys * most_panel_queries())),
        sums(size_t(3 * rows)),
        weighted(size_t(rows * value_depth)),
        last(size_t(rows)),
        keys(size_t(panel_keys * std::max(depth, value_depth))),
        values(size_t(panel_keys * value_depth)) {}

  Scratch<float> query, scores, sums, weighted;
  Scratch<int32_t> last;
  Scratch<float> keys, values;  ///< widened
};

/// What attend_many and find_row_sums share: the second leaves the values out.
template <typename T>
class ManyQueries {
 public:
  ManyQueries(const Attention<T>& a, float* largest, float* sum)
      : a_(a),
        largest_(largest),
        sum_(sum),
        shared_(a.heads_per_key()),
        heads_(a.batches * a.key_heads),
        value_depth_(largest == nullptr ? a.value_width : 0),
        times_(std::max<int64_t>(1, most_task_rows / shared_)) {
    const int64_t wanted = 3 * ThreadPool::instance().size();
    while (heads_ * tasks_per_head() < wanted && times_ * shared_ > most_panel_queries())
      times_ = (times_ + 1) / 2;
  }

  void run() {
    const int64_t tasks = tasks_per_head(), rows = padded_rows(times_ * shared_);
    parallel_for(size_t(heads_ * tasks), 1, [&](size_t begin, size_t end) {
      PanelMemory memory(rows, a_.width, value_depth_);
      for (auto task = int64_t(begin); task < int64_t(end); ++task) {
        const int64_t head = task / tasks, time = task % tasks * times_;
        run_task({head / a_.key_heads, head % a_.key_heads, time,
                  std::min(times_, a_.query_times - time)},
                 memory);
      }
    });
  }

 private:
  /// One panel of a task: rows [first, first + panel.queries) of its block, where row i * shared +
  /// g is query time + i of the head's g-th query head.
  struct Panel {
    AttentionPanel sums;
    int64_t first;
    int32_t* last;      ///< key that a query sees where attention is causal
    int64_t keys;       ///< that some query sees
    bool skips = true;  ///< keys that the mask hides from all
    bool skipped = false;
  };

  int64_t tasks_per_head() const { return (a_.query_times + times_ - 1) / times_; }

  static int64_t padded_rows(int64_t rows) {
    const int64_t most = most_panel_queries();
    return rows / most * most + panel_width(rows % most);
  }

  int64_t time_of(const QueryBlock& block, int64_t row) const { return block.time + row / shared_; }
  int64_t head_of(const QueryBlock& block, int64_t row) const {
    return block.key_head * shared_ + row % shared_;
  }

  void run_task(const QueryBlock& block, PanelMemory& memory) const {
    std::vector<Panel> panels = make_panels(block, memory);
    run_panels(block, panels, memory);
    for (Panel& panel : panels) {
      if (panel.skipped && sees_nothing(panel)) {
        panel.skips = false;
        clear_panel(panel.sums);
        std::vector<Panel> again{panel};
        run_panels(block, again, memory);
      }
      store(block, panel);
    }
  }

  std::vector<Panel> make_panels(const QueryBlock& block, PanelMemory& memory) const {
    std::vector<Panel> panels;
    const int64_t rows = block.times * shared_;
    for (int64_t first = 0; first < rows; first += most_panel_queries()) {
      const int64_t queries = std::min(most_panel_queries(), rows - first);
      const int64_t width = panel_width(queries);
      float* sums = memory.sums.data() + 3 * first;
      float* query = memory.query.data() + first * a_.width;
      Panel panel{{queries, width, a_.width, value_depth_, query, memory.scores.data(), sums,
                   sums + width, sums + 2 * width, memory.weighted.data() + first * value_depth_},
                  first,
                  memory.last.data() + first,
                  a_.key_times};
      clear_panel(panel.sums);
      load_queries(block, panel, query);
      panels.push_back(panel);
    }
    return panels;
  }

  void load_queries(const QueryBlock& block, Panel& panel, float* to) const {
    const AttentionPanel& p = panel.sums;
    const int64_t later = a_.key_times - a_.query_times;
    bool all_see = true;
    for (int64_t i = 0; i < p.width; ++i) {
      const int64_t row = panel.first + std::min(i, p.queries - 1);
      const int64_t time = time_of(block, row);
      const T* query = a_.queries.at(block.batch, head_of(block, row), time);
      for (int64_t k = 0; k < a_.width; ++k) to[k * p.width + i] = a_.scale * float(query[k]);
      panel.last[i] = int32_t(std::max<int64_t>(time + later, -1));
      all_see = all_see && panel.last[i] >= 0;
    }
    // A query that sees no key averages them all.
    if (a_.causal && all_see) panel.keys = panel.last[p.width - 1] + 1;
  }

  void run_panels(const QueryBlock& block, std::vector<Panel>& panels, PanelMemory& memory) const {
    int64_t keys = 0;
    for (const Panel& panel : panels) keys = std::max(keys, panel.keys);
    for (int64_t key = 0; key < keys; key += panel_keys) {
      const int64_t n = std::min(panel_keys, keys - key);
      bool loaded = false;
      FloatRowsView k{}, v{};
      for (Panel& panel : panels) {
        const int64_t seen = std::min(n, panel.keys - key);
        if (seen <= 0) continue;
        if (panel.skips && is_hidden(block, panel, key, seen)) {
          panel.skipped = true;
          continue;
        }
        if (!loaded) {
          k = float_rows(a_.keys, block, key, n, a_.width, memory.keys.data());
          if (value_depth_ > 0)
            v = float_rows(a_.values, block, key, n, value_depth_, memory.values.data());
          loaded = true;
        }
        score_keys(panel.sums, k, seen);
        if (a_.causal) hide_later(panel, key, seen);
        if (a_.mask != nullptr) mask(block, panel, key, seen);
        weigh_keys(panel.sums, seen);
        if (value_depth_ > 0) add_values(panel.sums, v, seen);
      }
    }
  }

  FloatRowsView float_rows(const typename Attention<T>::Operand& operand, const QueryBlock& block,
                           int64_t key, int64_t n, int64_t width, float* scratch) const {
    const T* first = operand.at(block.batch, block.key_head, key);
    if constexpr (std::is_same_v<T, float>) {
      return {first, operand.time_stride};
    } else {
      for (int64_t t = 0; t < n; ++t)
        widen(first + t * operand.time_stride, scratch + t * width, size_t(width));
      return {scratch, width};
    }
  }

  void hide_later(const Panel& panel, int64_t key, int64_t n) const {
    // The first query of a panel sees the fewest keys.
    if (panel.last[0] >= key + n - 1) return;
    int32_t last[max_panel_width];
    for (int64_t i = 0; i < panel.sums.width; ++i)
      last[i] = int32_t(std::clamp<int64_t>(panel.last[i] - key, -1, n));
    hide_later_keys(panel.sums, n, last);
  }

  /// Where the mask of a row's keys from `key` on begins, in elements.
  int64_t mask_at(const QueryBlock& block, int64_t row, int64_t key) const {
    const int64_t* strides = a_.mask_strides;
    return block.batch * strides[0] + head_of(block, row) * strides[1] +
           time_of(block, row) * strides[2] + key * strides[3];
  }

  /// Whether two rows have the same mask.
  bool shares_mask(int64_t row, int64_t other) const {
    return a_.mask_strides[1] == 0 && (a_.mask_strides[2] == 0 || row / shared_ == other / shared_);
  }

  /// Whether a mask of booleans, dense along the keys, hides n of them from all queries.
  bool is_hidden(const QueryBlock& block, const Panel& panel, int64_t key, int64_t n) const {
    if (a_.mask == nullptr || !a_.mask_is_bool || a_.mask_strides[3] != 1) return false;
    for (int64_t row = panel.first; row < panel.first + panel.sums.queries; ++row) {
      if (row > panel.first && shares_mask(row, row - 1)) continue;
      const bool* mask = static_cast<const bool*>(a_.mask) + mask_at(block, row, key);
      if (std::memchr(mask, 1, size_t(n)) != nullptr) return false;
    }
    return true;
  }

  void mask(const QueryBlock& block, const Panel& panel, int64_t key, int64_t n) const {
    const int64_t stride = a_.mask_strides[3], width = panel.sums.width;
    for (int64_t i = 0; i < panel.sums.queries; ++i) {
      const int64_t at = mask_at(block, panel.first + i, key);
      float* scores = panel.sums.scores + i;
      if (a_.mask_is_bool) {
        const bool* mask = static_cast<const bool*>(a_.mask) + at;
        if (stride == 1 && std::memchr(mask, 0, size_t(n)) == nullptr) continue;
        for (int64_t t = 0; t < n; ++t) {
          if (!mask[t * stride]) scores[t * width] = hidden_score;
        }
      } else {
        const T* mask = static_cast<const T*>(a_.mask) + at;
        for (int64_t t = 0; t < n; ++t) scores[t * width] += float(mask[t * stride]);
      }
    }
  }

  /// Whether a query sees no key: it averages the values of all.
  static bool sees_nothing(const Panel& panel) {
    const float* largest = panel.sums.largest;
    return std::any_of(largest, largest + panel.sums.queries,
                       [](float score) { return score <= hidden_score; });
  }

  void store(const QueryBlock& block, const Panel& panel) const {
    const AttentionPanel& p = panel.sums;
    std::vector<float> row(static_cast<size_t>(value_depth_));
    for (int64_t i = 0; i < p.queries; ++i) {
      const int64_t head = head_of(block, panel.first + i), time = time_of(block, panel.first + i);
      float largest = p.largest[i], sum = p.sum[i];
      if (a_.sinks != nullptr) {
        largest = std::max(largest, a_.sinks[head]);
        sum = sum * std::exp(p.largest[i] - largest) + std::exp(a_.sinks[head] - largest);
      }
      if (largest_ != nullptr) {
        const int64_t at = (block.batch * a_.query_heads + head) * a_.query_times + time;
        largest_[at] = largest;
        sum_[at] = sum;
        continue;
      }
      const float factor = std::exp(p.largest[i] - largest) / sum;
      for (int64_t j = 0; j < value_depth_; ++j)
        row[size_t(j)] = factor * p.weighted[j * p.width + i];
      narrow(row.data(), a_.out_row(block.batch, head, time), row.size());
    }
  }

  static constexpr int64_t max_panel_width = 48;

  const Attention<T>& a_;
  float *largest_, *sum_;
  int64_t shared_, heads_, value_depth_, times_;
};

}  // namespace

template <typename T>
void attend_many(const Attention<T>& a) {
  ManyQueries<T>(a, nullptr, nullptr).run();
}

template <typename T>
void find_row_sums(const Attention<T>& a, float* largest, float* sum) {
  ManyQueries<T>(a, largest, sum).run();
}

template void attend_many(const Attention<float>&);
template void attend_many(const Attention<float16_t>&);
template void attend_many(const Attention<bfloat16_t>&);
template void find_row_sums(const Attention<float>&, float*, float*);
template void find_row_sums(const Attention<float16_t>&, float*, float*);
template void find_row_sums(const Attention<bfloat16_t>&, float*, float*);

}  // namespace quern::cpu
