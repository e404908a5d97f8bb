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
/// has read it. The same seed and logits give the same tokens. For one thread.
class Sampler {
 public:
  /// options: checked against vocab_size. prompt: what the sequence begins with, at least one
  /// token. protected_tokens: what XTC never drops (line breaks and end tokens).
  Sampler(const SamplingOptions& options, int32_t vocab_size, std::span<const int32_t> prompt,
          std::span<const int32_t> protected_tokens = {});

  /// logits: vocab_size elements, any float dtype; of the next position. allowed: [vocab_size]
  /// bool, one at least true; the others are never chosen. Returns the token: [1] int32.
  array sample(const array& logits, const std::optional<array>& allowed = {});

 private:
  array biased(const array& logits) const;
  array draw(const array& logits);
  array next_key();

  SamplingOptions options_;
  int32_t vocab_size_;
  Penalties penalties_;
  std::optional<array> bias_ids_;   ///< [n] int32; none without a bias
  std::optional<array> biases_;     ///< [n] float32
  std::optional<array> protected_;  ///< [vocab_size] bool; none without XTC
  array key_;
};

}  // namespace quern::models
