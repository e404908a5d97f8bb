#include "engine/nn/recurrent.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/ops/weak_scalar.h"

namespace quern::nn {

namespace {

array uniform(const Shape& shape, int hidden_size) {
  const float limit = float(1.0 / std::sqrt(double(hidden_size)));
  return random::uniform(-limit, limit, shape);
}

/// What the inputs contribute to all steps at a time.
array projected(const array& x, const array& weight, const std::optional<Parameter>& bias,
                const char* where) {
  if (x.ndim() < 2 || x.shape(-2) == 0) {
    throw std::invalid_argument(
        fmt::format("[{}] the input {} has no steps", where, to_string(x.shape())));
  }
  return bias ? addmm(*bias, x, transpose(weight)) : matmul(x, transpose(weight));
}

/// b + a @ weight^T; a and b of one shape, with or without a batch axis.
array accumulated(const array& b, const array& a, const array& weight) {
  return add(b, matmul(a, transpose(weight)));
}

}  // namespace

RNN::RNN(int input_size, int hidden_size, bool bias, Nonlinearity nonlinearity)
    : Wxh(*this, "Wxh", uniform({hidden_size, input_size}, hidden_size)),
      Whh(*this, "Whh", uniform({hidden_size, hidden_size}, hidden_size)),
      nonlinearity_(std::move(nonlinearity)) {
  if (bias) this->bias.emplace(*this, "bias", uniform({hidden_size}, hidden_size));
  if (!nonlinearity_) nonlinearity_ = [](const array& x) { return tanh(x); };
}

array RNN::operator()(const array& x, const std::optional<array>& hidden) {
  const array inputs = projected(x, Wxh, bias, "RNN");
  std::optional<array> state = hidden;
  Arrays states;
  for (int step = 0; step < x.shape(-2); ++step) {
    const array input = take(inputs, step, -2);
    state = nonlinearity_(state ? accumulated(input, *state, Whh) : input);
    states.push_back(*state);
  }
  return stack(states, -2);
}

GRU::GRU(int input_size, int hidden_size, bool bias)
    : Wx(*this, "Wx", uniform({3 * hidden_size, input_size}, hidden_size)),
      Wh(*this, "Wh", uniform({3 * hidden_size, hidden_size}, hidden_size)) {
  if (!bias) return;
  b.emplace(*this, "b", uniform({3 * hidden_size}, hidden_size));
  bhn.emplace(*this, "bhn", uniform({hidden_size}, hidden_size));
}

array GRU::operator()(const array& x, const std::optional<array>& hidden) {
  const Arrays inputs = split(projected(x, Wx, b, "GRU"), 3, -1);
  std::optional<array> state = hidden;
  Arrays states;
  for (int step = 0; step < x.shape(-2); ++step) {
    array r = take(inputs[0], step, -2), z = take(inputs[1], step, -2);
    array n = take(inputs[2], step, -2);
    std::optional<array> recurrent_n;
    if (bhn) recurrent_n = *bhn;
    if (state) {
      const Arrays recurrent = split(matmul(*state, transpose(Wh)), 3, -1);
      r = add(r, recurrent[0]);
      z = add(z, recurrent[1]);
      recurrent_n = bhn ? add(recurrent[2], *bhn) : recurrent[2];
    }
    if (recurrent_n) n = add(n, multiply(sigmoid(r), *recurrent_n));
    z = sigmoid(z);
    const array fresh = multiply(subtract(weak_scalar(1, z), z), tanh(n));
    state = state ? add(fresh, multiply(z, *state)) : fresh;
    states.push_back(*state);
  }
  return stack(states, -2);
}

LSTM::LSTM(int input_size, int hidden_size, bool bias)
    : Wx(*this, "Wx", uniform({4 * hidden_size, input_size}, hidden_size)),
      Wh(*this, "Wh", uniform({4 * hidden_size, hidden_size}, hidden_size)) {
  if (bias) this->bias.emplace(*this, "bias", uniform({4 * hidden_size}, hidden_size));
}

std::pair<array, array> LSTM::operator()(const array& x, const std::optional<array>& hidden,
                                         const std::optional<array>& cell) {
  const array inputs = projected(x, Wx, bias, "LSTM");
  std::optional<array> state = hidden, memory = cell;
  Arrays states, memories;
  for (int step = 0; step < x.shape(-2); ++step) {
    const array input = take(inputs, step, -2);
    const Arrays gates = split(state ? accumulated(input, *state, Wh) : input, 4, -1);
    const array fresh = multiply(sigmoid(gates[0]), tanh(gates[2]));
    memory = memory ? add(multiply(sigmoid(gates[1]), *memory), fresh) : fresh;
    state = multiply(sigmoid(gates[3]), tanh(*memory));
    states.push_back(*state);
    memories.push_back(*memory);
  }
  return {stack(states, -2), stack(memories, -2)};
}

}  // namespace quern::nn
