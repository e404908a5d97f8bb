#include "models/generate/filters.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

array drop(const array& logprobs, const array& dropped) {
  return where(dropped, array(-infinity), logprobs);
}

}  // namespace

array keep_top_p(const array& logprobs, float p) {
  // A token stays while the more likely ones fall short of p. Only the least probability that stays
  // is needed, which spares sorting the tokens along with their probabilities.
  const array probs = exp(logprobs);
  const array sorted = -sort(-probs, 0);
  const array above = cumsum(sorted, 0, /*reverse=*/false, /*inclusive=*/false);
  const array least = min(where(above < p, sorted, array(infinity)), 0, true);
  return drop(logprobs, probs < least);
}

array keep_min_p(const array& logprobs, float min_p) {
  return drop(logprobs, logprobs < max(logprobs, 0, true) + std::log(min_p));
}

array top_k_indices(const array& logprobs, int k) {
  const int n = logprobs.shape(0);
  k = std::min(k, n);
  return astype(slice(argpartition(logprobs, n - k, 0), {n - k}, {n}), int32);
}

array exclude_top_choices(const array& logprobs, float threshold, const array& protected_tokens) {
  const array probs = softmax(logprobs, 0);
  const array least_good = min(where(probs > threshold, probs, array(infinity)), 0, true);
  return drop(logprobs, probs > least_good && !protected_tokens);
}

}  // namespace quern::models
