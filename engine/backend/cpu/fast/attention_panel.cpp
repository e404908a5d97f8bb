#include "engine/backend/cpu/fast/attention_panel.h"

#include <algorithm>
#include <limits>

#include "engine/backend/cpu/fast/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/attention_panel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/fast/softmax_weight-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using LaneTag = hn::CappedTag<float, 16>;
using Lanes = hn::Vec<LaneTag>;
constexpr int64_t lanes = int64_t(hn::MaxLanes(LaneTag()));

// A tile's sums, a row of the panel and one element have to fit the registers: 32 of them or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int tile_rows = 8;
#else
constexpr int tile_rows = 4;
#endif

int64_t lane_count() { return lanes; }

/// R rows of C registers of sums.
template <int R, int C>
struct Tile {
  Lanes sums[R][C];

  HWY_INLINE void clear() {
    for (int r = 0; r < R; ++r) {
      for (int c = 0; c < C; ++c) sums[r][c] = hn::Zero(LaneTag());
    }
  }
  /// What lies there, times a factor for each lane.
  HWY_INLINE void load(const float* from, const Lanes* factors) {
    const LaneTag d;
    for (int r = 0; r < R; ++r, from += C * lanes) {
      for (int c = 0; c < C; ++c) sums[r][c] = hn::Mul(hn::LoadU(d, from + c * lanes), factors[c]);
    }
  }
  HWY_INLINE void store(float* to) const {
    const LaneTag d;
    for (int r = 0; r < R; ++r, to += C * lanes) {
      for (int c = 0; c < C; ++c) hn::StoreU(sums[r][c], d, to + c * lanes);
    }
  }
  /// Adds the product of R rows, whose elements lie at x + r * row_stride + k * step, and a panel
  /// of `depth` rows.
  HWY_INLINE void add_product(const float* x, int64_t row_stride, int64_t step, const float* panel,
                              int64_t depth) {
    const LaneTag d;
    for (int64_t k = 0; k < depth; ++k, x += step, panel += C * lanes) {
      Lanes row[C];
      for (int c = 0; c < C; ++c) row[c] = hn::LoadU(d, panel + c * lanes);
      HWY_UNROLL(8)
      for (int r = 0; r < R; ++r) {
        const auto element = hn::Set(d, x[r * row_stride]);
        for (int c = 0; c < C; ++c) sums[r][c] = hn::MulAdd(element, row[c], sums[r][c]);
      }
    }
  }
};

template <int R, int C>
HWY_INLINE void score_rows(const AttentionPanel& p, const float* keys, int64_t stride,
                           float* scores) {
  Tile<R, C> tile;
  tile.clear();
  tile.add_product(keys, stride, 1, p.query, p.depth);
  tile.store(scores);
}

template <int C>
HWY_INLINE void score_all(const AttentionPanel& p, const FloatRowsView& keys, int64_t n) {
  int64_t t = 0;
  for (; t + tile_rows <= n; t += tile_rows)
    score_rows<tile_rows, C>(p, keys.data + t * keys.stride, keys.stride, p.scores + t * C * lanes);
  for (; t < n; ++t)
    score_rows<1, C>(p, keys.data + t * keys.stride, keys.stride, p.scores + t * C * lanes);
}

template <int R, int C>
HWY_INLINE void add_columns(const AttentionPanel& p, const float* values, int64_t stride, int64_t n,
                            const Lanes* factors, float* weighted) {
  Tile<R, C> tile;
  tile.load(weighted, factors);
  tile.add_product(values, 1, stride, p.scores, n);
  tile.store(weighted);
}

template <int C>
HWY_INLINE void add_all(const AttentionPanel& p, const FloatRowsView& values, int64_t n) {
  Lanes factors[C];
  for (int c = 0; c < C; ++c) factors[c] = hn::LoadU(LaneTag(), p.factor + c * lanes);
  int64_t j = 0;
  for (; j + tile_rows <= p.value_depth; j += tile_rows)
    add_columns<tile_rows, C>(p, values.data + j, values.stride, n, factors,
                              p.weighted + j * C * lanes);
  for (; j < p.value_depth; ++j)
    add_columns<1, C>(p, values.data + j, values.stride, n, factors, p.weighted + j * C * lanes);
}

void score_panel(const AttentionPanel& p, const FloatRowsView& keys, int64_t n) {
  switch (p.width / lanes) {
    case 1:
      return score_all<1>(p, keys, n);
    case 2:
      return score_all<2>(p, keys, n);
    default:
      return score_all<3>(p, keys, n);
  }
}

void add_to_panel(const AttentionPanel& p, const FloatRowsView& values, int64_t n) {
  switch (p.width / lanes) {
    case 1:
      return add_all<1>(p, values, n);
    case 2:
      return add_all<2>(p, values, n);
    default:
      return add_all<3>(p, values, n);
  }
}

void hide_in_panel(const AttentionPanel& p, int64_t n, const int32_t* last) {
  const LaneTag d;
  const hn::RebindToSigned<LaneTag> di;
  const auto hidden = hn::Set(d, hidden_score);
  for (int64_t i = 0; i < p.width; i += lanes) {
    const auto lasts = hn::LoadU(di, last + i);
    const auto first = int64_t(hn::GetLane(hn::MinOfLanes(di, lasts))) + 1;
    for (int64_t t = std::clamp<int64_t>(first, 0, n); t < n; ++t) {
      float* scores = p.scores + t * p.width + i;
      const auto hides = hn::RebindMask(d, hn::Gt(hn::Set(di, int32_t(t)), lasts));
      hn::StoreU(hn::IfThenElse(hides, hidden, hn::LoadU(d, scores)), d, scores);
    }
  }
}

/// A register of queries.
HWY_INLINE void weigh_lanes(const AttentionPanel& p, int64_t n, int64_t i) {
  const LaneTag d;
  const auto before = hn::LoadU(d, p.largest + i);
  // Two at a time: each depends on the one before.
  auto even = before, odd = before;
  float* scores = p.scores + i;
  int64_t t = 0;
  for (; t + 2 <= n; t += 2) {
    even = hn::Max(hn::LoadU(d, scores + t * p.width), even);
    odd = hn::Max(hn::LoadU(d, scores + (t + 1) * p.width), odd);
  }
  if (t < n) even = hn::Max(hn::LoadU(d, scores + t * p.width), even);
  const auto largest = hn::Max(even, odd);
  const auto none = hn::Set(d, -std::numeric_limits<float>::infinity());
  const auto shift = hn::IfThenZeroElse(hn::Eq(largest, none), largest);
  auto sum = hn::Zero(d);
  for (t = 0; t < n; ++t) {
    const auto weight = softmax_weight(d, hn::Sub(hn::LoadU(d, scores + t * p.width), shift));
    hn::StoreU(weight, d, scores + t * p.width);
    sum = hn::Add(sum, weight);
  }
  const auto factor = softmax_weight(d, hn::Sub(before, shift));
  hn::StoreU(largest, d, p.largest + i);
  hn::StoreU(hn::MulAdd(hn::LoadU(d, p.sum + i), factor, sum), d, p.sum + i);
  hn::StoreU(factor, d, p.factor + i);
}

void weigh_panel(const AttentionPanel& p, int64_t n) {
  for (int64_t i = 0; i < p.width; i += lanes) weigh_lanes(p, n, i);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(lane_count);
HWY_EXPORT(score_panel);
HWY_EXPORT(hide_in_panel);
HWY_EXPORT(weigh_panel);
HWY_EXPORT(add_to_panel);

int64_t most_panel_queries() { return 3 * HWY_DYNAMIC_DISPATCH(lane_count)(); }

int64_t panel_width(int64_t queries) {
  const int64_t lanes = HWY_DYNAMIC_DISPATCH(lane_count)();
  return (queries + lanes - 1) / lanes * lanes;
}

void clear_panel(const AttentionPanel& panel) {
  std::fill_n(panel.largest, panel.width, -std::numeric_limits<float>::infinity());
  std::fill_n(panel.sum, panel.width, 0.0f);
  std::fill_n(panel.weighted, panel.width * panel.value_depth, 0.0f);
}

void score_keys(const AttentionPanel& panel, FloatRowsView keys, int64_t n) {
  HWY_DYNAMIC_DISPATCH(score_panel)(panel, keys, n);
}

void hide_later_keys(const AttentionPanel& panel, int64_t n, const int32_t* last) {
  HWY_DYNAMIC_DISPATCH(hide_in_panel)(panel, n, last);
}

void weigh_keys(const AttentionPanel& panel, int64_t n) {
  HWY_DYNAMIC_DISPATCH(weigh_panel)(panel, n);
}

void add_values(const AttentionPanel& panel, FloatRowsView values, int64_t n) {
  HWY_DYNAMIC_DISPATCH(add_to_panel)(panel, values, n);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
