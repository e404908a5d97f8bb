#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "models/decoder/decoder.h"

namespace quern::models {

/// How likely the model found a token, and what it found most likely there: natural logarithms of
/// probabilities, after bias and penalties, before the temperature.
struct TokenLogProbability {
  float chosen;
  std::vector<std::pair<int32_t, float>> best;  ///< the most likely first
};

/// The same, not computed yet. Of the vocabulary, only what is asked for is ever read.
struct LogProbabilities {
  /// scores: [V] float32. token: [1] int32. count: how many of the most likely ones, at most V.
  LogProbabilities(const array& scores, const array& token, int count);

  std::vector<array> arrays() const { return {chosen, best_ids, best}; }
  /// Waits for it.
  TokenLogProbability read() const;

  array chosen;    ///< [1] float32
  array best_ids;  ///< [count] int32
  array best;      ///< [count] float32
};

/// Log-probabilities of tokens 1, 2, .. given all those before: [T - 1], empty for fewer than two
/// tokens. Read in chunks of `chunk_size` tokens through one cache, so that memory is bounded; sums
/// are in float32. on_chunk, if any, is told how many tokens are done and returns whether to go on;
/// what there is then is returned.
std::vector<float> token_log_probabilities(const Decoder& decoder, std::span<const int32_t> tokens,
                                           int chunk_size = 256,
                                           const std::function<bool(int done)>& on_chunk = {});

}  // namespace quern::models
