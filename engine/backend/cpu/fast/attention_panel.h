#pragma once

#include <cstdint>

namespace quern::cpu {

// The arithmetic of attention by blocks of keys, for a panel of queries that lie side by side in
// the registers' lanes. Scores are computed transposed, [keys, queries], so that the softmax goes
// through whole registers and its weights are at once the operand of the product with the values:
// nothing is packed but the queries.

/// The most queries of a panel, and the width of a panel of so many: whole registers.
int64_t most_panel_queries();
int64_t panel_width(int64_t queries);

/// Keys whose scores are held at a time.
inline constexpr int64_t panel_keys = 64;

/// Up to most_panel_queries() queries, and what they have gathered of the keys so far.
struct AttentionPanel {
  int64_t queries;  ///< that are wanted
  int64_t width;    ///< of the rows below: panel_width(queries)
  int64_t depth;    ///< of a query
  int64_t value_depth;
  const float* query;  ///< [depth, width], scaled
  float* scores;       ///< [panel_keys, width]
  float* largest;      ///< [width], of the scores
  float* sum;          ///< [width], of exp(score - largest)
  float* factor;       ///< [width], of what was gathered before the keys that were weighed last
  float* weighted;     ///< [value_depth, width]: values times exp(score - largest)
};

/// Rows of float32, `stride` apart.
struct FloatRowsView {
  const float* data;
  int64_t stride;
};

/// No queries' sums so far.
void clear_panel(const AttentionPanel& panel);

/// The scores of n <= panel_keys keys.
void score_keys(const AttentionPanel& panel, FloatRowsView keys, int64_t n);

/// Hides the keys t > last[query], of those that were scored; last: [width].
void hide_later_keys(const AttentionPanel& panel, int64_t n, const int32_t* last);

/// Turns the scores of n keys into weights.
void weigh_keys(const AttentionPanel& panel, int64_t n);

/// Adds the values of the n keys that were weighed. Once for each weigh_keys.
void add_values(const AttentionPanel& panel, FloatRowsView values, int64_t n);

}  // namespace quern::cpu
