#pragma once

#include <vector>

#include "engine/array/array.h"
#include "models/cache/cache.h"
#include "models/decoder/step.h"

namespace quern::models {

/// The network between token ids and logits. Immutable once loaded; a conversation's state is its
/// cache.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// tokens: [B, T] int32 (or [1, N] of several sequences: see Step), each in [0, vocab_size); they
  /// continue what the caches hold, and are added to them. Returns the states that head() takes:
  /// [B, T, hidden_size], in the weights' float dtype (float32 with --exact), not evaluated.
  virtual array hidden(const array& tokens, Step& step) const = 0;

  /// [..., hidden_size] -> logits [..., vocab_size].
  virtual array head(const array& hidden) const = 0;

  /// An empty cache for one batch of sequences.
  virtual Cache make_cache() const = 0;

  /// Logits of tokens [B, T] that continue one cache: [B, T, vocab_size], or with `last_only` those
  /// of the last position alone: [B, 1, vocab_size].
  array logits(const array& tokens, Cache& cache, bool last_only = false) const;

  /// Logits of tokens [B, T] without a past: nothing is remembered.
  array logits(const array& tokens) const;

  /// Logits after the last token of each sequence: [number of sequences, vocab_size]. tokens: [N],
  /// all of theirs one after the other.
  array next_logits(const array& tokens, std::vector<Step::Sequence> sequences) const;
};

}  // namespace quern::models
