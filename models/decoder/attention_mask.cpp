#include "models/decoder/attention_mask.h"

#include <algorithm>
#include <cstdint>

namespace quern::models {

namespace {

AttentionMask make_mask(int queries, int keys, std::optional<int> window) {
  if (!window || keys <= *window) return {queries == 1 ? "" : "causal", std::nullopt};
  std::vector<uint8_t> sees(size_t(queries) * size_t(keys), 0);
  for (int q = 0; q < queries; ++q) {
    const int last = keys - queries + q;
    const int first = std::max(0, last - *window + 1);
    std::fill_n(sees.begin() + int64_t(q) * keys + first, last - first + 1, uint8_t(1));
  }
  return {"array", array(sees.begin(), {queries, keys}, bool_)};
}

}  // namespace

const AttentionMask& AttentionMasks::mask(int queries, int keys, std::optional<int> window) {
  for (const Entry& entry : entries_) {
    if (entry.queries == queries && entry.keys == keys && entry.window == window) return entry.mask;
  }
  entries_.push_back({queries, keys, window, make_mask(queries, keys, window)});
  return entries_.back().mask;
}

}  // namespace quern::models
