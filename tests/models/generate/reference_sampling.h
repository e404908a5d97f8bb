#pragma once

#include <cstdint>
#include <vector>

#include "models/generate/sampling_options.h"

namespace quern::models::tests {

/// What SamplingOptions means, once more: in float64 on plain vectors, by sorting, for tests.

/// logits after the bias and the penalties; `history` is the prompt and all tokens so far.
std::vector<double> penalized(const std::vector<float>& logits, const std::vector<int32_t>& history,
                              const SamplingOptions& options);

/// The probability of each token to be the next one. protected_tokens: what XTC leaves alone.
std::vector<double> distribution(const std::vector<float>& logits,
                                 const std::vector<int32_t>& history,
                                 const SamplingOptions& options,
                                 const std::vector<int32_t>& protected_tokens = {});

}  // namespace quern::models::tests
