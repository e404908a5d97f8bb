#pragma once

#include <vector>

#include "engine/array/array.h"
#include "models/generate/drafter.h"
#include "models/generate/sampler.h"

namespace quern::models {

/// A draft of k tokens as the model sees it, not computed yet. The tokens before the first one that
/// is not accepted are as the model would have chosen them, and `tokens` has what follows them:
/// exactly so when it is greedy, and in distribution otherwise, by rejection sampling (Leviathan et
/// al. 2022).
struct Verdict {
  array accepted;             ///< bool [k]
  array tokens;               ///< int32 [k + 1]: instead of each of the draft's, and after all
  std::vector<array> scores;  ///< k + 1 times [vocab_size]: what each choice was made from
};

/// logits: [k + 1, vocab_size], before each of the draft's tokens and after the last. sampler:
/// knows the text before the draft, and is to be told again what follows.
Verdict verify_draft(Sampler& sampler, const array& logits, const Draft& draft);

}  // namespace quern::models
