#include "models/generate/verify_draft.h"

#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

struct Judgement {
  array accepted;  ///< bool [1]
  array instead;   ///< int32 [1]
};

array drawn(const array& log_weights, Sampler& sampler) {
  return astype(random::categorical(reshape(log_weights, {1, -1}), -1, sampler.next_key()), int32);
}

/// A token that was drawn from `guessed`, or not drawn at all, when the model's distribution is
/// `wanted`; both log-probabilities [vocab_size].
Judgement judge(const array& wanted, const std::optional<array>& guessed, const array& token,
                Sampler& sampler) {
  const array chance = guessed ? take(wanted, token) - take(*guessed, token) : take(wanted, token);
  const array luck = log(random::uniform(0.0f, 1.0f, {1}, float32, sampler.next_key()));
  const array probabilities = exp(wanted);
  const array left = guessed ? maximum(probabilities - exp(*guessed), array(0.0f))
                             : put_along_axis(probabilities, token, array({0.0f}), 0);
  // Nothing is left when both agree; then the token was accepted but for rounding.
  const array weights = where(sum(left, true) > 0.0f, log(left), wanted);
  return {luck < chance, drawn(weights, sampler)};
}

}  // namespace

Verdict verify_draft(Sampler& sampler, const array& logits, const Draft& draft) {
  const int count = int(draft.tokens.size()), vocab_size = logits.shape(1);
  std::vector<array> accepted, tokens, scores;
  for (int i = 0; i <= count; ++i) {
    scores.push_back(sampler.scores(slice(logits, {i, 0}, {i + 1, vocab_size})));
    if (sampler.is_greedy() || i == count) tokens.push_back(sampler.choose(scores.back()));
    if (i == count) break;
    const array token({draft.tokens[size_t(i)]}, int32);
    if (sampler.is_greedy()) {
      accepted.push_back(equal(tokens.back(), token));
    } else {
      const auto guessed = draft.distributions.empty()
                               ? std::nullopt
                               : std::optional(draft.distributions[size_t(i)]);
      Judgement judgement = judge(sampler.log_distribution(scores.back()), guessed, token, sampler);
      accepted.push_back(std::move(judgement.accepted));
      tokens.push_back(std::move(judgement.instead));
    }
    sampler.add(token);
  }
  return {accepted.empty() ? zeros({0}, bool_) : concatenate(std::move(accepted), 0),
          concatenate(std::move(tokens), 0), std::move(scores)};
}

}  // namespace quern::models
