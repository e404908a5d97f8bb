#pragma once

#include <cstdint>

#include "engine/array/array.h"

namespace quern::models {

// Filters of a distribution. Each takes log-probabilities [N] float32, of the whole vocabulary or
// of its most likely tokens, and returns them with -inf where a token is dropped; the rest is not
// renormalised. Nothing here waits for a result. Equally likely tokens share their fate, but for
// top_k_indices.

/// The smallest set of most likely tokens whose probabilities sum to at least p, in (0, 1)
/// (Holtzman et al. 2019).
array keep_top_p(const array& logprobs, float p);

/// Tokens at least min_p, in (0, 1], times as likely as the best one.
array keep_min_p(const array& logprobs, float min_p);

/// The k most likely tokens, exactly, in no order: [min(k, N)] int32.
array top_k_indices(const array& logprobs, int k);

/// Exclude top choices: of the tokens more likely than `threshold` among those left (-inf: gone)
/// only the least likely stays, and everything below. protected_tokens: [N] bool, never dropped.
array exclude_top_choices(const array& logprobs, float threshold, const array& protected_tokens);

}  // namespace quern::models
