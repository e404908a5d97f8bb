#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>

#include "models/cache/sequence_cache.h"

namespace quern::models {

/// Sequences that were read or written before, for prompts that begin like one of them. For one
/// thread.
class PrefixStore {
 public:
  /// max_bytes: the sequences used longest ago go when all of them hold more; the last one to come
  /// stays in any case.
  explicit PrefixStore(size_t max_bytes) : max_bytes_(max_bytes) {}

  /// A sequence of as many of the prompt's first tokens as one of these can give, but not the last,
  /// whose logits are needed; none when that is nothing. The sequence leaves the store, unless most
  /// of it is not what the prompt begins with: then it stays and the prompt gets a copy of the
  /// beginning.
  std::optional<SequenceCache> take(std::span<const int32_t> prompt);

  /// How long the sequence is that take would give; 0: none.
  int longest(std::span<const int32_t> prompt) const;

  /// Evaluates and keeps it. What it makes superfluous goes.
  void put(SequenceCache sequence);

  /// The sequence used last; nullptr without one.
  const SequenceCache* last() const { return sequences_.empty() ? nullptr : &sequences_.front(); }
  void clear() { sequences_.clear(); }
  size_t count() const { return sequences_.size(); }
  size_t nbytes() const;

 private:
  struct Match {
    std::list<SequenceCache>::const_iterator sequence;
    int length = 0;
  };
  Match best_match(std::span<const int32_t> prompt) const;

  size_t max_bytes_;
  std::list<SequenceCache> sequences_;  ///< the last used first
};

/// How many tokens both begin with.
int common_length(std::span<const int32_t> a, std::span<const int32_t> b);

}  // namespace quern::models
