#include "models/generate/penalties.h"

#include <algorithm>
#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"

namespace quern::models {

namespace {

/// How often each token stands among all of them: [n] uint32.
array occurrences(const array& tokens) {
  const array sorted = sort(tokens, 0);
  return searchsorted(sorted, tokens, "right") - searchsorted(sorted, tokens, "left");
}

}  // namespace

Penalties::Penalties(const SamplingOptions& options, std::span<const int32_t> prompt)
    : repetition_(options.repetition_penalty),
      presence_(options.presence_penalty),
      frequency_(options.frequency_penalty),
      window_(options.penalty_window > 0 ? options.penalty_window
                                         : std::numeric_limits<int>::max()) {
  restart(prompt);
}

void Penalties::restart(std::span<const int32_t> tokens) {
  if (!active()) return;
  const auto seen = tokens.last(std::min(tokens.size(), size_t(window_)));
  history_ = array(seen.data(), {ShapeElem(seen.size())}, int32);
}

array Penalties::apply(const array& logits) const {
  if (!active()) return logits;
  array seen = take(logits, *history_);
  if (repetition_ != 1) seen = where(seen < 0.0f, seen * repetition_, seen / repetition_);
  if (presence_ != 0) seen = seen - presence_;
  if (frequency_ != 0) seen = seen - astype(occurrences(*history_), float32) * frequency_;
  // A token that stands in the window twice is written twice, with the same value.
  return put_along_axis(logits, *history_, seen, 0);
}

void Penalties::add(const array& token) {
  if (!active()) return;
  const int n = history_->shape(0);
  const array kept = n < window_ ? *history_ : slice(*history_, {1}, {n});
  history_ = concatenate({kept, reshape(token, {1})}, 0);
}

}  // namespace quern::models
