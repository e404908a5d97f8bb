#include "models/generate/penalties.h"

#include <algorithm>
#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"

namespace quern::models {

Penalties::Penalties(const SamplingOptions& options, std::span<const int32_t> prompt)
    : repetition_(options.repetition_penalty),
      presence_(options.presence_penalty),
      frequency_(options.frequency_penalty),
      window_(options.penalty_window > 0 ? options.penalty_window
                                         : std::numeric_limits<int>::max()) {
  if (repetition_ == 1 && presence_ == 0 && frequency_ == 0) return;
  const auto seen = prompt.last(std::min(prompt.size(), size_t(window_)));
  history_ = array(seen.data(), {ShapeElem(seen.size())}, int32);
}

array Penalties::apply(const array& logits) const {
  if (!active()) return logits;
  array out = logits;
  // Tokens that stand in the window twice are written twice, with the same value.
  if (repetition_ != 1 || presence_ != 0) {
    array seen = take(out, *history_);
    if (repetition_ != 1) {
      seen = where(less(seen, array(0.0f)), multiply(seen, array(repetition_)),
                   divide(seen, array(repetition_)));
    }
    if (presence_ != 0) seen = subtract(seen, array(presence_));
    out = put_along_axis(out, *history_, seen, 0);
  }
  if (frequency_ != 0) {
    out = scatter_add_axis(out, *history_, broadcast_to(array(-frequency_), history_->shape()), 0);
  }
  return out;
}

void Penalties::add(const array& token) {
  if (!active()) return;
  const int n = history_->shape(0);
  const array kept = n < window_ ? *history_ : slice(*history_, {1}, {n});
  history_ = concatenate({kept, reshape(token, {1})}, 0);
}

}  // namespace quern::models
