#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace quern::models {

/// How the next token is chosen. The defaults leave the model's distribution as it is.
///
/// The order is fixed: logit bias, repetition, presence and frequency penalties, then (unless
/// temperature is 0, which takes the most likely token and looks at nothing below) top-p, min-p,
/// XTC, top-k, and last the temperature.
struct SamplingOptions {
  float temperature = 1.0f;  ///< >= 0; 0 is greedy
  float top_p = 1.0f;        ///< in (0, 1]; 1 keeps everything
  float min_p = 0.0f;  ///< in [0, 1]; keeps tokens at least this likely relative to the best one
  int top_k = 0;       ///< >= 0; 0 keeps everything

  float xtc_probability =
      0.0f;  ///< in [0, 1]; how often to drop all but the least likely of the good tokens
  float xtc_threshold = 0.1f;  ///< in [0, 0.5]; how likely a good token is at least

  float repetition_penalty = 1.0f;  ///< > 0; 1 is off
  float presence_penalty = 0.0f;    ///< 0 is off
  float frequency_penalty = 0.0f;   ///< 0 is off
  int penalty_window =
      256;  ///< how many of the last tokens, prompt and output, the penalties see; 0: all

  std::map<int32_t, float> logit_bias = {};  ///< added to the logits of these tokens
  std::optional<uint64_t> seed = {};         ///< fresh randomness when absent

  bool operator==(const SamplingOptions&) const = default;
};

/// Throws ModelError naming the first option that is out of its range, its value and the range.
void check(const SamplingOptions& options, int32_t vocab_size);

}  // namespace quern::models
