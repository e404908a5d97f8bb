#include "models/generate/structured/mask_cache.h"

namespace quern::models::structured {

MaskCache::MaskCache(const Machine& machine, const TokenTrie& vocabulary)
    : vocabulary_(vocabulary), automaton_(machine, vocabulary.single_bytes()) {}

const TokenMask& MaskCache::mask(LazyAutomaton::State state, bool at_start) {
  const uint64_t key = uint64_t{state} * 2 + at_start;
  const auto known = masks_.find(key);
  if (known != masks_.end()) return known->second;
  TokenMask mask = find_mask(state);
  if (at_start) {
    for (const int32_t id : vocabulary_.different_at_start()) {
      const std::string_view bytes = vocabulary_.bytes_at_start(id);
      const uint64_t bit = uint64_t{1} << (id % 64);
      mask[size_t(id) / 64] &= ~bit;
      if (!bytes.empty() && after(state, bytes) != LazyAutomaton::dead) {
        mask[size_t(id) / 64] |= bit;
      }
    }
  }
  return masks_.emplace(key, std::move(mask)).first->second;
}

TokenMask MaskCache::find_mask(LazyAutomaton::State state) {
  TokenMask mask((size_t(vocabulary_.vocab_size()) + 63) / 64, 0);
  const auto& nodes = vocabulary_.nodes();
  const auto& tokens = vocabulary_.sorted_tokens();
  std::vector<LazyAutomaton::State> path(vocabulary_.depth() + 1, state);
  for (size_t i = 0; i < nodes.size();) {
    const TokenTrie::Node& node = nodes[i];
    const LazyAutomaton::State next = automaton_.next(path[node.depth - 1], node.byte);
    if (next == LazyAutomaton::dead) {
      i = node.skip;
      continue;
    }
    path[node.depth] = next;
    if (node.token_count > 0 && automaton_.is_safe(next)) {
      for (uint32_t k = 0; k < node.token_count; ++k) {
        const auto id = size_t(tokens[node.first_token + k]);
        mask[id / 64] |= uint64_t{1} << (id % 64);
      }
    }
    ++i;
  }
  return mask;
}

LazyAutomaton::State MaskCache::after(LazyAutomaton::State state, std::string_view bytes) {
  for (const char byte : bytes) {
    state = automaton_.next(state, uint8_t(byte));
    if (state == LazyAutomaton::dead) return state;
  }
  return automaton_.is_safe(state) ? state : LazyAutomaton::dead;
}

size_t MaskCache::bytes() const {
  const size_t words = (size_t(vocabulary_.vocab_size()) + 63) / 64;
  return automaton_.bytes() + masks_.size() * (words * sizeof(uint64_t) + 64);
}

}  // namespace quern::models::structured
