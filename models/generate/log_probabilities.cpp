#include "models/generate/log_probabilities.h"

#include <algorithm>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
#include "models/generate/filters.h"

namespace quern::models {

namespace {

/// The `count` most likely ones, the most likely first: [count] int32.
array best_of(const array& logprobs, int count) {
  const array ids = top_k_indices(logprobs, count);
  return take(ids, argsort(-take(logprobs, ids), 0));
}

array log_softmax(const array& scores) { return scores - logsumexp(scores, -1, true); }

}  // namespace

LogProbabilities::LogProbabilities(const array& scores, const array& token, int count)
    : chosen(array(0.0f)), best_ids(array(0)), best(array(0.0f)) {
  const array logprobs = log_softmax(scores);
  chosen = take(logprobs, token);
  best_ids = count > 0 ? best_of(logprobs, count) : array(std::initializer_list<int>{}, int32);
  best = take(logprobs, best_ids);
}

TokenLogProbability LogProbabilities::read() const {
  array one = chosen, ids = contiguous(best_ids), values = contiguous(best);
  eval(one, ids, values);
  TokenLogProbability out{one.item<float>(), {}};
  for (size_t i = 0; i < ids.size(); ++i)
    out.best.emplace_back(ids.data<int32_t>()[i], values.data<float>()[i]);
  return out;
}

std::vector<float> token_log_probabilities(const Decoder& decoder, std::span<const int32_t> tokens,
                                           int chunk_size,
                                           const std::function<bool(int done)>& on_chunk) {
  std::vector<float> out;
  const int total = int(tokens.size()) - 1;
  Cache cache = decoder.make_cache();
  for (int begin = 0; begin < total; begin += chunk_size) {
    const int count = std::min(chunk_size, total - begin);
    const array ids(tokens.data() + begin, {1, count}, int32);
    const array next(tokens.data() + begin + 1, {count, 1}, int32);
    const array logits = astype(squeeze(decoder.logits(ids, cache), 0), float32);
    array found = contiguous(take_along_axis(logits, next, 1) - logsumexp(logits, 1, true));
    found.eval();
    eval(arrays_of(cache));
    out.insert(out.end(), found.data<float>(), found.data<float>() + count);
    if (on_chunk && !on_chunk(begin + count)) break;
  }
  return out;
}

}  // namespace quern::models
