#include "models/decoder/decoder.h"

#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"

namespace quern::models {

array Decoder::logits(const array& tokens, Cache& cache, bool last_only) const {
  Step step({{&cache, int(tokens.shape(-1))}});
  const array states = hidden(tokens, step);
  const int count = states.shape(1);
  if (!last_only || count == 1) return head(states);
  return head(slice(states, {0, count - 1, 0}, {states.shape(0), count, states.shape(2)}));
}

array Decoder::logits(const array& tokens) const {
  Step step({{nullptr, int(tokens.shape(-1))}});
  return head(hidden(tokens, step));
}

array Decoder::next_logits(const array& tokens, std::vector<Step::Sequence> sequences) const {
  std::vector<int32_t> last;
  int end = 0;
  for (const Step::Sequence& sequence : sequences) last.push_back((end += sequence.tokens) - 1);
  Step step(std::move(sequences));
  const array states = squeeze(hidden(reshape(tokens, {1, -1}), step), 0);
  if (int(last.size()) == states.shape(0)) return head(states);
  return head(take(states, array(last.begin(), {int(last.size())}, int32), 0));
}

}  // namespace quern::models
