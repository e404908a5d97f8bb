#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/array/array.h"
#include "models/generate/sampling_options.h"

namespace quern::models {

/// The repetition, presence and frequency penalties over the last tokens of one sequence.
///
/// The tokens are an array, so that one which is not computed yet counts as well: nothing here
/// waits. For one thread.
class Penalties {
 public:
  /// Takes checked options. `prompt` is what the sequence begins with, at least one token.
  Penalties(const SamplingOptions& options, std::span<const int32_t> prompt);

  /// logits: [V] float32. Of tokens in the window: a positive logit is divided by the repetition
  /// penalty and a negative one multiplied (Keskar et al. 2019); the presence penalty is subtracted
  /// once and the frequency penalty once per occurrence.
  array apply(const array& logits) const;

  /// The sequence's next token: a scalar or [1], int32.
  void add(const array& token);
  /// The whole sequence anew: at least one token.
  void restart(std::span<const int32_t> tokens);

 private:
  bool active() const { return repetition_ != 1 || presence_ != 0 || frequency_ != 0; }

  float repetition_;
  float presence_;
  float frequency_;
  int window_;
  std::optional<array> history_;  ///< [n] int32, n <= window; none when every penalty is off
};

}  // namespace quern::models
