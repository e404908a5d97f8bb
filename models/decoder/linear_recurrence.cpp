#include "models/decoder/linear_recurrence.h"

#include <algorithm>
#include <vector>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/linalg.h"
#include "engine/ops/matmul.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/compile.h"

namespace quern::models {

namespace {

constexpr int chunk_tokens = 64;
constexpr int part_tokens = 8 * chunk_tokens;  ///< whose chunks are computed side by side

struct Tokens {
  array queries, keys, values, log_decays;
  std::optional<array> rates;  ///< none: decayed attention

  int count() const { return values.shape(1); }
  Tokens part(int begin, int end) const;
  /// The same, once something else is computed: parts then take their memory one after the other.
  Tokens after(const array& other) const;
};

array rows(const array& x, int begin, int end) {
  Shape from(x.ndim(), 0), to = x.shape();
  from[1] = begin;
  to[1] = end;
  return slice(x, from, to);
}

Tokens Tokens::part(int begin, int end) const {
  const auto cut = [&](const array& x) { return rows(x, begin, end); };
  return {cut(queries), cut(keys), cut(values), cut(log_decays),
          rates ? std::optional(cut(*rates)) : std::nullopt};
}

Tokens Tokens::after(const array& other) const {
  std::vector<array> all = {queries, keys, values, log_decays};
  if (rates) all.push_back(*rates);
  all = depends(all, {other});
  return {all[0], all[1], all[2], all[3], rates ? std::optional(all[4]) : std::nullopt};
}

array column(const array& x) { return expand_dims(x, -1); }
array transposed(const array& x) { return swapaxes(x, -1, -2); }

/// decay, state, key, added -> the next state, in one pass over memory.
std::vector<array> next_state(const std::vector<array>& x) {
  return {add(multiply(x[0], x[1]), multiply(x[2], x[3]))};
}

/// One token, as the formula says. state: [B, H, N, P].
Recurrence step(const Tokens& token, const array& state) {
  const int batch = state.shape(0), heads = state.shape(1), size = state.shape(2);
  const int groups = token.keys.shape(2);
  const auto per_head = [&](const array& x) {  // [B, 1, G, N] -> [B, H, N, 1]
    const array repeated = broadcast_to(reshape(x, {batch, groups, 1, size, 1}),
                                        {batch, groups, heads / groups, size, 1});
    return reshape(repeated, {batch, heads, size, 1});
  };
  const auto factor = [&](const array& x) { return reshape(x, {batch, heads, 1, 1}); };
  const array keys = per_head(token.keys), queries = per_head(token.queries);
  const array decay = factor(exp(token.log_decays));
  array added = reshape(token.values, {batch, heads, 1, -1});
  // What the state holds for the key and the query is read in one go, before it changes.
  if (token.rates) {
    const array held = matmul(transposed(concatenate({keys, queries}, -1)), state);
    const std::vector<array> found = split(multiply(decay, held), 2, 2);
    added = multiply(factor(*token.rates), subtract(added, found[0]));
    const array outputs = add(found[1], multiply(matmul(transposed(queries), keys), added));
    return {swapaxes(outputs, 1, 2), compile(next_state, true)({decay, state, keys, added})[0]};
  }
  const array next = compile(next_state, true)({decay, state, keys, added})[0];
  return {swapaxes(matmul(transposed(queries), next), 1, 2), next};
}

/// Element (i, j): how much of what token j left is still there at token i, and 0 for j > i. The
/// logarithms of what lies between are added up, never subtracted: a token that wipes everything
/// out does not blur the small decays beside it. [.., size] -> [.., size, size].
array decays_between(const array& log_decays) {
  Shape square = log_decays.shape();
  square.push_back(square.back());
  const array spread = broadcast_to(column(log_decays), square);
  return tril(exp(cumsum(tril(spread, -1), -2)), 0);
}

/// Tokens in chunks of `size`, which divides their number: [B, G, R, chunks, size, ...], where R
/// heads read one group. Queries and keys have R = 1.
struct Chunks {
  Chunks(const Tokens& tokens, int size)
      : size(size),
        groups(tokens.keys.shape(2)),
        repeats(tokens.values.shape(2) / groups),
        queries(cut(tokens.queries, 1)),
        keys(cut(tokens.keys, 1)),
        values(cut(tokens.values, repeats)),
        log_decays(cut(tokens.log_decays, repeats)),
        decay(decays_between(log_decays)),
        from_start(exp(cumsum(log_decays, -1))) {
    if (tokens.rates) rates = cut(*tokens.rates, repeats);
  }

  array cut(const array& x, int repeats) const {
    Shape shape = {x.shape(0), x.shape(1) / size, size, groups, repeats};
    std::vector<int> order = {0, 3, 4, 1, 2};
    if (x.ndim() == 4) {
      shape.push_back(x.shape(3));
      order.push_back(5);
    }
    return transpose(reshape(x, shape), order);
  }
  int count() const { return log_decays.shape(3); }

  int size, groups, repeats;
  array queries, keys, values, log_decays;
  array decay;       ///< between the chunk's tokens: [.., size, size]
  array from_start;  ///< of the state before the chunk: [.., size]
  std::optional<array> rates;
};

/// What the tokens of each chunk add to the state: without regard to the state before the chunk,
/// and how that changes it (or nothing).
struct Added {
  array own;                    ///< [.., size, P]
  std::optional<array> erased;  ///< [.., size, N]: minus this times the state before
};

/// u_i = b_i (v_i - S_{i-1}^T k_i), where S_{i-1} contains the u before i: a triangular system of
/// equations in each chunk.
Added solve(const Chunks& chunks) {
  if (!chunks.rates) return {chunks.values, std::nullopt};
  const array likeness = matmul(chunks.keys, transposed(chunks.keys));
  const array rates = column(*chunks.rates);
  const array coupling = tril(multiply(multiply(rates, likeness), chunks.decay), -1);
  const array solved = linalg::tri_inv(add(coupling, eye(chunks.size)));
  return {matmul(solved, multiply(rates, chunks.values)),
          matmul(solved, multiply(multiply(rates, column(chunks.from_start)), chunks.keys))};
}

array at_chunk(const array& x, int chunk) {
  Shape from(x.ndim(), 0), to = x.shape();
  from[3] = chunk;
  to[3] = chunk + 1;
  return squeeze(slice(x, from, to), 3);
}

/// Element `index` of the axis after the chunks, which stays with length 1.
array at_token(const array& x, int index) {
  Shape from(x.ndim(), 0), to = x.shape();
  from[4] = index;
  to[4] = index + 1;
  return slice(x, from, to);
}

Recurrence in_chunks(const Tokens& tokens, int size, const array& state) {
  const Chunks chunks(tokens, size);
  const Added added = solve(chunks);
  const int batch = state.shape(0), heads = state.shape(1);
  const array until_end = transposed(at_token(chunks.decay, size - 1));  // [.., size, 1]
  const array kept = column(at_token(chunks.from_start, size - 1));      // [.., 1, 1]
  const array keys = transposed(chunks.keys);

  array now =
      reshape(state, {batch, chunks.groups, chunks.repeats, state.shape(2), state.shape(3)});
  std::vector<array> befores, changes;
  for (int c = 0; c < chunks.count(); ++c) {
    befores.push_back(now);
    array change = at_chunk(added.own, c);
    if (added.erased) change = subtract(change, matmul(at_chunk(*added.erased, c), now));
    changes.push_back(change);
    now = add(multiply(at_chunk(kept, c), now),
              matmul(at_chunk(keys, c), multiply(at_chunk(until_end, c), change)));
  }
  const array scores = matmul(chunks.queries, keys);
  const array within = matmul(multiply(scores, chunks.decay), stack(changes, 3));
  const array before = matmul(chunks.queries, stack(befores, 3));
  const array outputs = add(within, multiply(column(chunks.from_start), before));
  return {reshape(transpose(outputs, {0, 3, 4, 1, 2, 5}),
                  {batch, tokens.count(), heads, state.shape(3)}),
          reshape(now, state.shape())};
}

Recurrence run(const Tokens& tokens, const std::optional<array>& given) {
  array state = given ? *given
                      : zeros({tokens.keys.shape(0), tokens.values.shape(2), tokens.keys.shape(3),
                               tokens.values.shape(3)});
  if (tokens.count() == 1) return step(tokens, state);
  const int count = tokens.count(), whole = count - count % chunk_tokens;
  std::vector<array> outputs;
  const auto take = [&](int begin, int end, int size) {
    const Recurrence part = in_chunks(tokens.part(begin, end).after(state), size, state);
    outputs.push_back(part.outputs);
    state = depends({part.state}, {part.outputs})[0];
  };
  for (int begin = 0; begin < whole; begin += part_tokens) {
    take(begin, std::min(whole, begin + part_tokens), chunk_tokens);
  }
  if (whole < count) take(whole, count, count - whole);
  return {outputs.size() == 1 ? outputs[0] : concatenate(outputs, 1), state};
}

}  // namespace

Recurrence decayed_attention(const array& queries, const array& keys, const array& values,
                             const array& log_decays, const std::optional<array>& state) {
  return run({queries, keys, values, log_decays, std::nullopt}, state);
}

Recurrence gated_delta_rule(const array& queries, const array& keys, const array& values,
                            const array& log_decays, const array& rates,
                            const std::optional<array>& state) {
  return run({queries, keys, values, log_decays, rates}, state);
}

}  // namespace quern::models
