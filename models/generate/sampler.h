#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/array/array.h"
#include "models/generate/penalties.h"
#include "models/generate/sampling_options.h"

namespace quern::models {

/// Chooses the tokens of one sequence, in the order that SamplingOptions describes.
///
/// The choice is an array that is not computed yet, and the next one may be asked for before anyone
/// has read it. The same seed and logits give the same tokens. A copy goes on by itself. For one
/// thread.
class Sampler {
 public:
  /// options: checked against vocab_size. prompt: what the sequence begins with, at least one
  /// token. protected_tokens: what XTC never drops (line breaks and end tokens).
  Sampler(const SamplingOptions& options, int32_t vocab_size, std::span<const int32_t> prompt,
          std::span<const int32_t> protected_tokens = {});

  /// logits: vocab_size elements, any float dtype; of the next position. allowed: bool
  /// [vocab_size], at least one of them true; none: all. Returns the token: [1] int32.
  array sample(const array& logits, const std::optional<array>& allowed = {});

  // The steps of sample.

  /// Logits after bias and penalties: [vocab_size] float32.
  array scores(const array& logits) const;
  /// The token: [1] int32.
  array choose(const array& scores, const std::optional<array>& allowed = {});
  /// The sequence's next token: [1] int32.
  void add(const array& token) { penalties_.add(token); }
  /// The whole sequence anew: at least one token.
  void restart(std::span<const int32_t> tokens) { penalties_.restart(tokens); }

  bool is_greedy() const { return options_.temperature == 0; }
  /// What choose draws from, unless it is greedy: log-probabilities [vocab_size] float32, -inf for
  /// tokens that were dropped.
  array log_distribution(const array& scores);
  /// For what else is to be random about the sequence.
  array next_key();

 private:
  struct Candidates {
    array logits;              ///< [n], -inf for those that are dropped
    std::optional<array> ids;  ///< [n] int32; none: all tokens in order
  };
  array biased(const array& logits) const;
  Candidates candidates(const array& scores);

  SamplingOptions options_;
  int32_t vocab_size_;
  Penalties penalties_;
  std::optional<array> bias_ids_;   ///< [n] int32; none without a bias
  std::optional<array> biases_;     ///< [n] float32
  std::optional<array> protected_;  ///< [vocab_size] bool; none without XTC
  array key_;
};

}  // namespace quern::models
