#include <gtest/gtest.h>

#include <cmath>

#include "engine/nn/positional.h"
#include "engine/nn/recurrent.h"
#include "engine/nn/transformer.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

using namespace nn;

namespace {

using Numbers = std::vector<double>;

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// w [rows, columns] times x, plus b when there is one.
Numbers affine(const Numbers& w, const Numbers& x, const Numbers& b = {}) {
  Numbers y = b.empty() ? Numbers(w.size() / x.size()) : b;
  for (size_t i = 0; i < w.size(); ++i) y[i / x.size()] += w[i] * x[i % x.size()];
  return y;
}

/// Rows first, then step after step, from a state: what a cell makes of each.
template <typename Cell>
Numbers unrolled(const array& x, const Numbers& start, Cell cell) {
  const size_t steps = size_t(x.shape(-2)), dims = size_t(x.shape(-1));
  const Numbers in = doubles(x);
  Numbers out;
  for (size_t row = 0; row < in.size() / (steps * dims); ++row) {
    Numbers state = start;
    for (size_t t = 0; t < steps; ++t) {
      const auto first = in.begin() + std::ptrdiff_t((row * steps + t) * dims);
      state = cell(Numbers(first, first + std::ptrdiff_t(dims)), state);
      out.insert(out.end(), state.begin(), state.end());
    }
  }
  return out;
}

const array x = random_array({2, 4, 3}) * 2.0f;
const array start = random_array({5}, float32, 7);
const array starts = broadcast_to(start, {2, 5});

}  // namespace

TEST(Recurrent, RNN) {
  RNN layer(3, 5);
  const Numbers Wxh = doubles(layer.Wxh), Whh = doubles(layer.Whh), bias = doubles(*layer.bias);
  const auto cell = [&](const Numbers& in, const Numbers& h) {
    Numbers y = affine(Wxh, in, affine(Whh, h, bias));
    for (double& value : y) value = std::tanh(value);
    return y;
  };
  EXPECT_EQ(layer(x).shape(), (Shape{2, 4, 5}));
  expect_close(layer(x), unrolled(x, Numbers(5), cell), 1e-5, 1e-6);
  expect_close(layer(x, starts), unrolled(x, doubles(start), cell), 1e-5, 1e-6);
  expect_close(layer(take(x, 0, 0), start), unrolled(take(x, 0, 0), doubles(start), cell), 1e-5,
               1e-6);
  RNN linear(3, 5, false, [](const array& y) { return y; });
  linear.update({{"Wxh", layer.Wxh}, {"Whh", layer.Whh}});
  expect_close(linear(x),
               unrolled(x, Numbers(5),
                        [&](const Numbers& in, const Numbers& h) {
                          return affine(Wxh, in, affine(Whh, h));
                        }),
               1e-5, 1e-6);
  EXPECT_THROW(layer(zeros({3})), std::invalid_argument);
  EXPECT_THROW(layer(zeros({0, 3})), std::invalid_argument);
}

TEST(Recurrent, GRU) {
  for (const bool with_bias : {true, false}) {
    GRU layer(3, 5, with_bias);
    const Numbers Wx = doubles(layer.Wx), Wh = doubles(layer.Wh);
    const Numbers b = with_bias ? doubles(*layer.b) : Numbers(15);
    const Numbers bhn = with_bias ? doubles(*layer.bhn) : Numbers(5);
    const auto cell = [&](const Numbers& in, const Numbers& h) {
      const Numbers inputs = affine(Wx, in, b), recurrent = affine(Wh, h);
      Numbers y(5);
      for (size_t i = 0; i < 5; ++i) {
        const double r = sigmoid_of(inputs[i] + recurrent[i]);
        const double z = sigmoid_of(inputs[5 + i] + recurrent[5 + i]);
        const double n = std::tanh(inputs[10 + i] + r * (recurrent[10 + i] + bhn[i]));
        y[i] = (1 - z) * n + z * h[i];
      }
      return y;
    };
    expect_close(layer(x), unrolled(x, Numbers(5), cell), 1e-5, 1e-6);
    expect_close(layer(x, starts), unrolled(x, doubles(start), cell), 1e-5, 1e-6);
  }
}

TEST(Recurrent, LSTM) {
  LSTM layer(3, 5);
  const Numbers Wx = doubles(layer.Wx), Wh = doubles(layer.Wh), bias = doubles(*layer.bias);
  // The state is h and c, one after the other.
  const auto cell = [&](const Numbers& in, const Numbers& state) {
    const Numbers gates =
        affine(Wx, in, affine(Wh, Numbers(state.begin(), state.begin() + 5), bias));
    Numbers next(10);
    for (size_t i = 0; i < 5; ++i) {
      next[5 + i] =
          sigmoid_of(gates[5 + i]) * state[5 + i] + sigmoid_of(gates[i]) * std::tanh(gates[10 + i]);
      next[i] = sigmoid_of(gates[15 + i]) * std::tanh(next[5 + i]);
    }
    return next;
  };
  const auto expect_states = [&](const std::pair<array, array>& got, const Numbers& first) {
    const array both = concatenate({got.first, got.second}, -1);
    EXPECT_EQ(both.shape(), (Shape{2, 4, 10}));
    expect_close(both, unrolled(x, first, cell), 1e-5, 1e-6);
  };
  expect_states(layer(x), Numbers(10));
  Numbers first = doubles(start);
  const Numbers cells = doubles(start * 2.0f);
  first.insert(first.end(), cells.begin(), cells.end());
  expect_states(layer(x, starts, starts * 2.0f), first);
}

TEST(Positional, SinusoidalEncoding) {
  const array positions({0.0f, 1.0f, 7.5f});
  const auto wanted = [](double low, double high, double scale, bool cos_first, double turns) {
    Numbers all;
    for (const double position : {0.0, 1.0, 7.5}) {
      for (const bool is_cos : {cos_first, !cos_first}) {
        for (int i = 0; i < 4; ++i) {
          const double sigma = high * std::pow(low / high, i / 3.0) * turns;
          all.push_back(scale * (is_cos ? std::cos(position * sigma) : std::sin(position * sigma)));
        }
      }
    }
    return all;
  };
  expect_close(SinusoidalPositionalEncoding(8)(positions), wanted(1e-4, 1, 0.5, false, 1), 1e-5,
               1e-6);
  expect_close(SinusoidalPositionalEncoding(8, 0.01f, 2.0f, 3.0f, true, true)(positions),
               wanted(0.01, 2, 3, true, 2 * M_PI), 1e-5, 5e-5);
  EXPECT_THROW(SinusoidalPositionalEncoding(7), std::invalid_argument);
  EXPECT_THROW(SinusoidalPositionalEncoding(0), std::invalid_argument);
}

TEST(Positional, AlibiSlopesArePublishedOnes) {
  // Press et al.: 8 heads have 1/2, 1/4, ..., 1/256.
  expect_close(ALiBi::create_alibi_slope(8),
               {1 / 2.0, 1 / 4.0, 1 / 8.0, 1 / 16.0, 1 / 32.0, 1 / 64.0, 1 / 128.0, 1 / 256.0},
               1e-6, 0);
  // 3 heads: those of 2, and the first of 4.
  expect_close(ALiBi::create_alibi_slope(3), {1 / 16.0, 1 / 256.0, 1 / 4.0}, 1e-6, 0);
  const array scores = zeros({1, 2, 2, 4});
  // Queries at 2 and 3.
  expect_close(ALiBi()(scores, 2),
               {-2 / 16.0, -1 / 16.0, 0, -1 / 16.0, -3 / 16.0, -2 / 16.0, -1 / 16.0, 0, -2 / 256.0,
                -1 / 256.0, 0, -1 / 256.0, -3 / 256.0, -2 / 256.0, -1 / 256.0, 0},
               1e-6, 0);
  expect_close(ALiBi()(scores, 2, ones({4})) - ALiBi()(scores, 2), Numbers(16, 1), 1e-6, 0);
}

namespace {

/// Softmax attention over rows of q [T, D], k and v [S, D], by hand. visible(i, j): may i see j.
template <typename Visible>
Numbers attended(const Numbers& q, const Numbers& k, const Numbers& v, size_t d, Visible visible) {
  Numbers out(q.size());
  for (size_t i = 0; i < q.size() / d; ++i) {
    Numbers weights(k.size() / d);
    double total = 0;
    for (size_t j = 0; j < weights.size(); ++j) {
      double score = 0;
      for (size_t c = 0; c < d; ++c) score += q[i * d + c] * k[j * d + c];
      weights[j] = visible(i, j) ? std::exp(score / std::sqrt(double(d))) : 0;
      total += weights[j];
    }
    for (size_t j = 0; j < weights.size(); ++j) {
      for (size_t c = 0; c < d; ++c) out[i * d + c] += weights[j] / total * v[j * d + c];
    }
  }
  return out;
}

Numbers rows_through(const Numbers& w, const Numbers& rows, size_t dims) {
  Numbers out;
  for (size_t i = 0; i < rows.size(); i += dims) {
    const auto first = rows.begin() + std::ptrdiff_t(i);
    const Numbers y = affine(w, Numbers(first, first + std::ptrdiff_t(dims)));
    out.insert(out.end(), y.begin(), y.end());
  }
  return out;
}

/// Every other half of the columns of rows of 2 d.
Numbers half(const Numbers& rows, size_t d, size_t which) {
  Numbers out;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i / d % 2 == which) out.push_back(rows[i]);
  }
  return out;
}

}  // namespace

TEST(Attention, IsItsFormula) {
  MultiHeadAttention layer(8, 2);
  const Parameters p = layer.parameters();
  const auto w = [&](const char* name) { return doubles(p.at(std::string(name) + ".weight")); };
  const array queries = random_array({1, 3, 8}), keys = random_array({1, 4, 8}, float32, 2);
  const array seen = array(
      {true, true, false, false, true, false, true, false, true, true, true, true}, Shape{3, 4});
  const auto wanted = [&](auto visible) {
    const Numbers q = rows_through(w("query_proj"), doubles(queries), 8);
    const Numbers k = rows_through(w("key_proj"), doubles(keys), 8);
    const Numbers v = rows_through(w("value_proj"), doubles(keys), 8);
    Numbers joined(24);
    for (size_t head = 0; head < 2; ++head) {
      const Numbers y = attended(half(q, 4, head), half(k, 4, head), half(v, 4, head), 4, visible);
      for (size_t i = 0; i < 12; ++i) joined[i / 4 * 8 + head * 4 + i % 4] = y[i];
    }
    return rows_through(w("out_proj"), joined, 8);
  };
  expect_close(layer(queries, keys, keys), wanted([](size_t, size_t) { return true; }), 1e-5, 1e-5);
  expect_close(layer(queries, keys, keys, "causal"),
               wanted([](size_t i, size_t j) { return j <= i + 1; }), 1e-5, 1e-5);
  const Numbers mask = doubles(seen);
  expect_close(layer(queries, keys, keys, seen),
               wanted([&](size_t i, size_t j) { return mask[i * 4 + j] != 0; }), 1e-5, 1e-5);
}

TEST(Attention, SizesCanDiffer) {
  MultiHeadAttention layer(8, 2, 5, 6, 7, 4, 3, true);
  const array y = layer(random_array({2, 3, 5}), random_array({2, 4, 6}), random_array({2, 4, 7}));
  EXPECT_EQ(y.shape(), (Shape{2, 3, 3}));
  EXPECT_EQ(layer.parameters().at("value_proj.weight").shape(), (Shape{4, 7}));
  EXPECT_EQ(layer.parameters().at("out_proj.bias").shape(), (Shape{3}));
  EXPECT_EQ(MultiHeadAttention(8, 2, std::nullopt, 6).parameters().at("value_proj.weight").shape(),
            (Shape{8, 6}));
  EXPECT_THROW(MultiHeadAttention(8, 3), std::invalid_argument);
}

TEST(Attention, AdditiveCausalMask) {
  const float lowest = std::numeric_limits<float>::lowest();
  expect_close(MultiHeadAttention::create_additive_causal_mask(3),
               {0, lowest, lowest, 0, 0, lowest, 0, 0, 0}, 0, 0);
  const array half_mask = MultiHeadAttention::create_additive_causal_mask(2, float16);
  EXPECT_EQ(half_mask.dtype(), float16);
  expect_close(half_mask, {0, -65504, 0, 0}, 0, 0);
}

TEST(Transformer, EncoderLayerIsMadeOfItsParts) {
  for (const bool norm_first : {true, false}) {
    TransformerEncoderLayer layer(
        8, 2, 16, 0.0f, [](const array& y) { return y * y; }, norm_first);
    const array in = random_array({2, 3, 8});
    const auto square_layers = [&](const array& y) {
      const array inner = layer.linear1(y);
      return layer.linear2(inner * inner);
    };
    array wanted = in;
    if (norm_first) {
      const array n = layer.ln1(in);
      wanted = in + layer.attention(n, n, n, "causal");
      wanted = wanted + square_layers(layer.ln2(wanted));
    } else {
      wanted = layer.ln1(in + layer.attention(in, in, in, "causal"));
      wanted = layer.ln2(wanted + square_layers(wanted));
    }
    expect_close(layer(in, "causal"), doubles(wanted), 1e-6, 1e-6);
  }
}

TEST(Transformer, DecoderSeesMemoryAndThePast) {
  for (const bool norm_first : {true, false}) {
    Transformer model(8, 2, 2, 2, 16, 0.1f, {}, nullptr, nullptr, norm_first);
    model.eval();
    const array src = random_array({1, 4, 8}), tgt = random_array({1, 3, 8}, float32, 2);
    const array y = model(src, tgt, {}, "causal");
    EXPECT_EQ(y.shape(), (Shape{1, 3, 8}));
    const auto first_rows = [](const array& a) { return doubles(slice(a, {0, 0, 0}, {1, 2, 8})); };
    const array later = concatenate({slice(tgt, {0, 0, 0}, {1, 2, 8}), ones({1, 1, 8})}, 1);
    expect_close(slice(model(src, later, {}, "causal"), {0, 0, 0}, {1, 2, 8}), first_rows(y), 1e-5,
                 1e-5);
    EXPECT_NE(first_rows(model(src, later)), first_rows(y));
    EXPECT_NE(doubles(model(src * 2.0f, tgt, {}, "causal")), doubles(y));
  }
}

TEST(Transformer, TakesOtherEncoders) {
  struct Doubling final : Encoder {
    array operator()(const array& in, const AttentionMask&) override { return in * 2.0f; }
  };
  Transformer model(8, 2, 1, 1, std::nullopt, 0.0f, {}, std::make_shared<Doubling>());
  const array src = random_array({1, 4, 8}), tgt = random_array({1, 3, 8}, float32, 2);
  expect_close(model(src, tgt), doubles(model.decoder(tgt, src * 2.0f)), 1e-6, 1e-6);
}

TEST(Positional, RopeTurnsByThePosition) {
  RoPE rope(4);
  const array x = random_array({1, 1, 3, 4});
  const array y = rope(x, 2);
  const Numbers in = doubles(x);
  Numbers wanted(12);
  for (size_t t = 0; t < 3; ++t) {
    for (size_t i = 0; i < 2; ++i) {
      const double angle = double(t + 2) * std::pow(10000.0, -double(i) / 2);
      const double a = in[t * 4 + i], b = in[t * 4 + i + 2];
      wanted[t * 4 + i] = a * std::cos(angle) - b * std::sin(angle);
      wanted[t * 4 + i + 2] = a * std::sin(angle) + b * std::cos(angle);
    }
  }
  expect_close(y, wanted, 1e-5, 1e-6);
  expect_close(rope(x, array(2)), wanted, 1e-5, 1e-6);
}

}  // namespace quern::tests
