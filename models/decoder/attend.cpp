#include "models/decoder/attend.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/fast.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

/// Scores that are held at a time when there is no kernel that does without them.
constexpr int64_t most_scores = int64_t(1) << 24;

/// queries [B, H_kv, N, D] -> scores [B, H_kv, N, seen]. Rows that are held but not seen are
/// computed along: a slice of packed rows would have to be copied.
array scores_of(const array& queries, const SeenTokens& seen) {
  const TokenRows& keys = seen.keys;
  if (!keys.is_quantized())
    return matmul(queries, swapaxes(keys.rows(seen.begin, seen.end).parts[0], -1, -2));
  const array all = quantized_matmul(queries, keys.parts[0], keys.parts[1], keys.parts[2], true,
                                     keys.group_size, keys.bits);
  Shape from(4, 0), to = all.shape();
  from[3] = seen.begin;
  to[3] = seen.end;
  return slice(all, from, to);
}

/// probabilities [B, H_kv, N, seen] -> [B, H_kv, N, D_v].
array mix(const array& probabilities, const SeenTokens& seen) {
  const TokenRows& values = seen.values;
  if (!values.is_quantized())
    return matmul(probabilities, values.rows(seen.begin, seen.end).parts[0]);
  const array all =
      pad(probabilities, {{0, 0}, {0, 0}, {0, 0}, {seen.begin, values.count() - seen.end}});
  return quantized_matmul(all, values.parts[0], values.parts[1], values.parts[2], false,
                          values.group_size, values.bits);
}

/// Which keys the queries [first, end) of `tokens` see: bool [end - first, seen]; none: all.
std::optional<array> keep_of(const AttentionMask& mask, int tokens, int seen, int first, int end) {
  if (mask.keep) return slice(*mask.keep, {first, 0}, {end, seen});
  if (mask.mode == "causal") return tri(end - first, seen, seen - tokens + first, bool_);
  return std::nullopt;
}

array attend_step_by_step(const array& queries, const SeenTokens& seen, const ScoreOptions& options,
                          const std::optional<array>& keep) {
  const int batch = queries.shape(0), heads = queries.shape(1), tokens = queries.shape(2);
  const int groups = seen.keys.heads(), shared = heads / groups, count = seen.count();
  const Dtype dtype = queries.dtype();
  // Heads that share keys are rows of one product.
  const array grouped = reshape(multiply(queries, array(options.scale, dtype)),
                                {batch, groups, shared * tokens, queries.shape(3)});
  array scores = reshape(scores_of(grouped, seen), {batch, groups, shared, tokens, count});
  if (options.softcap) {
    const array cap(*options.softcap, dtype);
    scores = multiply(tanh(divide(scores, cap)), cap);
  }
  if (keep)
    scores = where(*keep, scores, array(-std::numeric_limits<float>::infinity(), scores.dtype()));
  if (options.sinks) {
    const array sinks = reshape(astype(*options.sinks, scores.dtype()), {1, groups, shared, 1, 1});
    scores = concatenate({scores, broadcast_to(sinks, {batch, groups, shared, tokens, 1})}, -1);
  }
  array probabilities = softmax(scores, -1, true);
  if (options.sinks) {
    probabilities = slice(probabilities, {0, 0, 0, 0, 0}, {batch, groups, shared, tokens, count});
  }
  const array mixed = mix(reshape(probabilities, {batch, groups, shared * tokens, count}), seen);
  return astype(reshape(mixed, {batch, heads, tokens, mixed.shape(3)}), dtype);
}

}  // namespace

array attend(const array& queries, const SeenTokens& seen, const ScoreOptions& options,
             const AttentionMask& mask) {
  if (!options.softcap && !seen.keys.is_quantized()) {
    return fast::scaled_dot_product_attention(queries,
                                              seen.keys.rows(seen.begin, seen.end).parts[0],
                                              seen.values.rows(seen.begin, seen.end).parts[0],
                                              options.scale, mask.mode, mask.keep, options.sinks);
  }
  const int batch = queries.shape(0), heads = queries.shape(1), tokens = queries.shape(2);
  const int64_t per_token = int64_t(batch) * heads * seen.keys.count();
  const int block = int(std::max<int64_t>(1, most_scores / std::max<int64_t>(per_token, 1)));
  std::vector<array> blocks;
  for (int first = 0; first < tokens; first += block) {
    const int end = std::min(tokens, first + block);
    const array part =
        block >= tokens ? queries
                        : slice(queries, {0, 0, first, 0}, {batch, heads, end, queries.shape(3)});
    blocks.push_back(
        attend_step_by_step(part, seen, options, keep_of(mask, tokens, seen.count(), first, end)));
  }
  return blocks.size() == 1 ? blocks[0] : concatenate(std::move(blocks), 2);
}

array element_of(const array& batch, size_t i) {
  Shape from(batch.ndim(), 0), to = batch.shape();
  from[0] = int(i);
  to[0] = int(i) + 1;
  return slice(batch, from, to);
}

array attend_each(const array& queries, const std::vector<SeenTokens>& seen,
                  const ScoreOptions& options) {
  const auto is_quantized = [](const SeenTokens& s) { return s.keys.is_quantized(); };
  if (!options.softcap && std::none_of(seen.begin(), seen.end(), is_quantized)) {
    std::vector<array> keys, values;
    for (const SeenTokens& s : seen) {
      keys.push_back(s.keys.rows(s.begin, s.end).parts[0]);
      values.push_back(s.values.rows(s.begin, s.end).parts[0]);
    }
    return fast::attention_of_sequences(queries, keys, values, options.scale, options.sinks);
  }
  std::vector<array> results;
  for (size_t i = 0; i < seen.size(); ++i)
    results.push_back(attend(element_of(queries, i), seen[i], options, {}));
  return concatenate(std::move(results), 0);
}

}  // namespace quern::models
