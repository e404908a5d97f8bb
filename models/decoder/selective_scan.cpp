#include "models/decoder/selective_scan.h"

#include <algorithm>
#include <vector>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/compile.h"

namespace quern::models {

namespace {

// A chunk is cut into blocks. Token i of all blocks is computed at the same time, as if each block
// began with nothing; then states go from block to block.
constexpr int block_tokens = 8;
constexpr int chunk_tokens = 8 * block_tokens;

/// Indices begin..end of an axis.
array cut(const array& x, int axis, int begin, int end) {
  Shape from(x.ndim(), 0), to = x.shape();
  from[size_t(axis)] = begin;
  to[size_t(axis)] = end;
  return slice(x, from, to);
}

struct Tokens {
  array added;  ///< steps * x: [B, T, D]
  array steps;  ///< [B, T, D]
  array b, c;   ///< [B, T, N]

  int count() const { return added.shape(1); }
  Tokens part(int begin, int end) const {
    return {cut(added, 1, begin, end), cut(steps, 1, begin, end), cut(b, 1, begin, end),
            cut(c, 1, begin, end)};
  }
  /// The same, once something else is computed: chunks then take their memory one after the other.
  Tokens after(const array& other) const {
    const std::vector<array> all = depends({added, steps, b, c}, {other});
    return {all[0], all[1], all[2], all[3]};
  }
};

/// A step of 0 that adds nothing leaves the state as it is.
array filled_up(const array& x, int count) {
  const int missing = count - x.shape(1);
  return missing == 0 ? x : pad(x, std::vector<int>{1}, Shape{0}, Shape{missing});
}

/// One pass over memory each. steps, a, b, added, state, remains of what came before -> state and
/// remains after a further token.
std::vector<array> step(const std::vector<array>& x) {
  const array decay = exp(multiply(x[0], x[1]));
  return {add(multiply(decay, x[4]), multiply(x[2], x[3])), multiply(decay, x[5])};
}
std::vector<array> first_step(const std::vector<array>& x) {
  return {multiply(x[2], x[3]), exp(multiply(x[0], x[1]))};
}
/// state, remains, before -> the whole state.
std::vector<array> whole_state(const std::vector<array>& x) {
  return {add(x[0], multiply(x[1], x[2]))};
}

SelectiveScan chunk(const Tokens& tokens, const array& a, const array& state) {
  const int batch = tokens.added.shape(0), count = tokens.count();
  const int length = std::min(count, block_tokens), blocks = (count + length - 1) / length;
  const int channels = a.shape(1);
  const auto in_blocks = [&](const array& x) {  // [B, blocks, length, D or N]
    return unflatten(filled_up(x, blocks * length), 1, {blocks, length});
  };
  const array added = in_blocks(tokens.added), steps = in_blocks(tokens.steps);
  const array b = expand_dims(in_blocks(tokens.b), -1), c = in_blocks(tokens.c);

  // [B, blocks, N, D] for each i: what the block's first i + 1 tokens lead to, and what remains of
  // the state before the block.
  std::vector<array> states, remains;
  for (int i = 0; i < length; ++i) {
    std::vector<array> token = {cut(steps, 2, i, i + 1), a, squeeze(cut(b, 2, i, i + 1), 2),
                                cut(added, 2, i, i + 1)};
    if (i > 0) token.insert(token.end(), {states.back(), remains.back()});
    const std::vector<array> after = compile(i == 0 ? first_step : step, true)(token);
    states.push_back(after[0]);
    remains.push_back(after[1]);
  }
  array now = expand_dims(state, 1);
  std::vector<array> befores;
  for (int block = 0; block < blocks; ++block) {
    befores.push_back(now);
    now = add(multiply(cut(remains.back(), 1, block, block + 1), now),
              cut(states.back(), 1, block, block + 1));
  }
  const array before = concatenate(befores, 1);
  std::vector<array> outputs;
  for (int i = 0; i < length; ++i) {
    const std::vector<array> whole =
        compile(whole_state, true)({states[size_t(i)], remains[size_t(i)], before});
    outputs.push_back(matmul(cut(c, 2, i, i + 1), whole[0]));
  }
  const array joined = reshape(concatenate(outputs, 2), {batch, blocks * length, channels});
  return {cut(joined, 1, 0, count), squeeze(now, 1)};
}

}  // namespace

SelectiveScan selective_scan(const array& x, const array& steps, const array& a, const array& b,
                             const array& c, const std::optional<array>& given) {
  const Tokens tokens{multiply(steps, x), steps, b, c};
  array state = given ? *given : zeros({x.shape(0), a.shape(0), a.shape(1)});
  std::vector<array> outputs;
  for (int begin = 0; begin < tokens.count(); begin += chunk_tokens) {
    const int end = std::min(tokens.count(), begin + chunk_tokens);
    const SelectiveScan part = chunk(tokens.part(begin, end).after(state), a, state);
    outputs.push_back(part.outputs);
    state = depends({part.state}, {part.outputs})[0];
  }
  return {outputs.size() == 1 ? outputs[0] : concatenate(outputs, 1), state};
}

}  // namespace quern::models
