#pragma once

#include <vector>

#include "engine/array/array.h"
#include "models/cache/cache.h"

namespace quern::models {

/// The network between token ids and logits. Immutable once loaded; a conversation's state is its
/// cache.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// tokens: [B, T] int32, each in [0, vocab_size); they continue what `cache` holds, and are added
  /// to it. Returns logits: [B, T, vocab_size], in the weights' float dtype (float32 with --exact),
  /// not evaluated. `last_only` computes the logits of the last position alone: [B, 1, vocab_size].
  virtual array logits(const array& tokens, Cache& cache, bool last_only = false) const = 0;

  /// An empty cache for one batch of sequences.
  virtual Cache make_cache() const = 0;
};

}  // namespace quern::models
