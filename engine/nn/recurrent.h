#pragma once

#include "engine/nn/module.h"

namespace quern::nn {

// Recurrent layers over the axis before the last. x: [L, D] or [N, L, D]; initial states, where
// given: [H] or [N, H], zeros otherwise. They return the states after every step: [L, H] or
// [N, L, H]. All parameters start uniform in +-1 / sqrt(H).

/// h' = nonlinearity(Wxh x + bias + Whh h) (Elman 1990). Parameters: Wxh [H, D], Whh [H, H], bias
/// [H].
class RNN final : public Layer {
 public:
  using Nonlinearity = std::function<array(const array&)>;

  /// nonlinearity: tanh when none is given.
  RNN(int input_size, int hidden_size, bool bias = true, Nonlinearity nonlinearity = {});
  array operator()(const array& x) override { return (*this)(x, std::nullopt); }
  array operator()(const array& x, const std::optional<array>& hidden);

  Parameter Wxh, Whh;
  std::optional<Parameter> bias;

 private:
  Nonlinearity nonlinearity_;
};

/// The gated recurrent unit (Cho et al. 2014), with the reset gate applied after the product:
/// r, z = sigmoid(Wx x + b + Wh h), n = tanh(Wx x + b + r (Wh h + bhn)), h' = (1 - z) n + z h.
/// Parameters: Wx [3H, D], Wh [3H, H], b [3H], bhn [H]; rows in the order r, z, n.
class GRU final : public Layer {
 public:
  GRU(int input_size, int hidden_size, bool bias = true);
  array operator()(const array& x) override { return (*this)(x, std::nullopt); }
  array operator()(const array& x, const std::optional<array>& hidden);

  Parameter Wx, Wh;
  std::optional<Parameter> b, bhn;
};

/// Long short-term memory (Hochreiter & Schmidhuber 1997): i, f, o = sigmoid and g = tanh of
/// Wx x + Wh h + bias, c' = f c + i g, h' = o tanh(c'). Parameters: Wx [4H, D], Wh [4H, H], bias
/// [4H]; rows in the order i, f, g, o.
class LSTM final : public Module {
 public:
  LSTM(int input_size, int hidden_size, bool bias = true);
  /// The hidden states and the cell states.
  std::pair<array, array> operator()(const array& x,
                                     const std::optional<array>& hidden = std::nullopt,
                                     const std::optional<array>& cell = std::nullopt);

  Parameter Wx, Wh;
  std::optional<Parameter> bias;
};

}  // namespace quern::nn
