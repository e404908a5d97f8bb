#include "models/decoder/attention_mask.h"

#include <algorithm>
#include <cstdint>

namespace quern::models {

namespace {

/// How many tokens, itself included, a query at this position sees at most.
int reach(const AttentionMasks::Request& request, int position) {
  int most = position + 1;
  if (request.window) most = std::min(most, *request.window);
  if (request.chunk) most = std::min(most, position % *request.chunk + 1);
  return most;
}

AttentionMask make_mask(const AttentionMasks::Request& request) {
  const auto [queries, keys] = std::pair(request.queries, request.keys);
  bool all = true;  // whether each query sees all keys up to itself
  std::vector<uint8_t> sees(size_t(queries) * size_t(keys), 0);
  for (int q = 0; q < queries; ++q) {
    const int last = keys - queries + q;
    const int count = std::min(last + 1, reach(request, request.offset + q));
    all = all && count == last + 1;
    std::fill_n(sees.begin() + int64_t(q) * keys + (last + 1 - count), count, uint8_t(1));
  }
  if (all) return {queries == 1 ? "" : "causal", std::nullopt};
  return {"array", array(sees.begin(), {queries, keys}, bool_)};
}

}  // namespace

const AttentionMask& AttentionMasks::mask(const Request& request) {
  for (const auto& [known, mask] : made_) {
    if (known == request) return mask;
  }
  const bool plain = !request.window && !request.chunk;
  AttentionMask mask{request.queries == 1 ? "" : "causal", std::nullopt};
  made_.emplace_back(request, plain ? std::move(mask) : make_mask(request));
  return made_.back().second;
}

}  // namespace quern::models
