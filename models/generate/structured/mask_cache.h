#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "models/generate/structured/lazy_automaton.h"
#include "models/generate/structured/token_trie.h"

namespace quern::models::structured {

/// One bit for each token, the lowest first.
using TokenMask = std::vector<uint64_t>;

/// What is known so far of which tokens may follow in which state. Whoever uses it holds `mutex`.
class MaskCache {
 public:
  /// Both must outlive the cache.
  MaskCache(const Machine& machine, const TokenTrie& vocabulary);

  std::mutex mutex;

  LazyAutomaton& automaton() { return automaton_; }

  /// The tokens that are text and lead from the state to one from which others lead to an end.
  /// at_start: they begin the text. Valid until the next call.
  const TokenMask& mask(LazyAutomaton::State state, bool at_start);

  /// Where these bytes lead; dead when nowhere safe.
  LazyAutomaton::State after(LazyAutomaton::State state, std::string_view bytes);

  /// About how much memory it takes.
  size_t bytes() const;

 private:
  TokenMask find_mask(LazyAutomaton::State state);

  const TokenTrie& vocabulary_;
  LazyAutomaton automaton_;
  std::unordered_map<uint64_t, TokenMask> masks_;  ///< by state * 2 + at_start
};

}  // namespace quern::models::structured
