#include "models/decoder/linear_recurrence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "engine/ops/arithmetic.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"

namespace quern::models {
namespace {

struct Sizes {
  int batch = 1, tokens = 1, groups = 1, heads = 1, key = 1, value = 1;
};

/// What the functions take, in float64 and row-major order.
struct Inputs {
  Sizes sizes;
  std::vector<double> queries, keys, values, log_decays, rates;

  array to_array(const std::vector<double>& numbers, Shape shape) const {
    return array(numbers.begin(), std::move(shape), float32);
  }
  array q() const {
    return to_array(queries, {sizes.batch, sizes.tokens, sizes.groups, sizes.key});
  }
  array k() const { return to_array(keys, {sizes.batch, sizes.tokens, sizes.groups, sizes.key}); }
  array v() const {
    return to_array(values, {sizes.batch, sizes.tokens, sizes.heads, sizes.value});
  }
  array d() const { return to_array(log_decays, {sizes.batch, sizes.tokens, sizes.heads}); }
  array b() const { return to_array(rates, {sizes.batch, sizes.tokens, sizes.heads}); }
};

double to_float(double x) { return double(float(x)); }

Inputs random_inputs(const Sizes& sizes, const std::function<double(int)>& log_decay = {}) {
  std::mt19937 generator(17);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> even;
  Inputs inputs{sizes, {}, {}, {}, {}, {}};
  for (int i = 0; i < sizes.batch * sizes.tokens * sizes.groups; ++i) {
    std::vector<double> key;
    double length = 0;
    for (int n = 0; n < sizes.key; ++n) {
      inputs.queries.push_back(to_float(normal(generator)));
      key.push_back(normal(generator));
      length += key.back() * key.back();
    }
    for (const double x : key) inputs.keys.push_back(to_float(x / std::sqrt(length)));
  }
  for (int b = 0; b < sizes.batch; ++b) {
    for (int t = 0; t < sizes.tokens; ++t) {
      for (int h = 0; h < sizes.heads; ++h) {
        const double decay = log_decay ? log_decay(t) : -0.5 * even(generator);
        inputs.log_decays.push_back(to_float(decay));
        inputs.rates.push_back(to_float(even(generator)));
        for (int p = 0; p < sizes.value; ++p) {
          inputs.values.push_back(to_float(normal(generator)));
        }
      }
    }
  }
  return inputs;
}

struct Expected {
  std::vector<double> outputs, state;
};

/// The formulas as they stand, token by token. start: what each state is filled with at first.
Expected loop(const Inputs& in, bool delta, double start = 0) {
  const auto [batch, tokens, groups, heads, key, value] = in.sizes;
  Expected out;
  out.outputs.resize(size_t(batch) * tokens * heads * value);
  for (int b = 0; b < batch; ++b) {
    for (int h = 0; h < heads; ++h) {
      std::vector<double> state(size_t(key) * value, start);
      for (int t = 0; t < tokens; ++t) {
        const size_t at = size_t(b) * tokens + t, own = at * heads + h;
        const double* k = &in.keys[(at * groups + size_t(h / (heads / groups))) * key];
        const double* q = &in.queries[(at * groups + size_t(h / (heads / groups))) * key];
        for (double& s : state) s *= std::exp(in.log_decays[own]);
        for (int p = 0; p < value; ++p) {
          double added = in.values[own * value + p];
          if (delta) {
            for (int n = 0; n < key; ++n) added -= state[size_t(n) * value + p] * k[n];
            added *= in.rates[own];
          }
          double sum = 0;
          for (int n = 0; n < key; ++n) {
            state[size_t(n) * value + p] += k[n] * added;
            sum += state[size_t(n) * value + p] * q[n];
          }
          out.outputs[own * value + p] = sum;
        }
      }
      out.state.insert(out.state.end(), state.begin(), state.end());
    }
  }
  return out;
}

Recurrence run(const Inputs& in, bool delta, int begin, int end,
               const std::optional<array>& state) {
  const auto part = [&](const array& x) {
    Shape from(x.ndim(), 0), to = x.shape();
    from[1] = begin;
    to[1] = end;
    return slice(x, from, to);
  };
  if (delta) {
    return gated_delta_rule(part(in.q()), part(in.k()), part(in.v()), part(in.d()), part(in.b()),
                            state);
  }
  return decayed_attention(part(in.q()), part(in.k()), part(in.v()), part(in.d()), state);
}

void expect_near(const array& found, const std::vector<double>& expected, double tolerance) {
  array dense = contiguous(found);
  dense.eval();
  ASSERT_EQ(dense.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(dense.data<float>()[i] - expected[i]);
    worst = std::isfinite(error) ? std::max(worst, error / (1 + std::abs(expected[i]))) : INFINITY;
  }
  EXPECT_LE(worst, tolerance);
}

void expect_loop(const Inputs& in, bool delta, double tolerance = 2e-5) {
  const Expected expected = loop(in, delta);
  const Recurrence found = run(in, delta, 0, in.sizes.tokens, std::nullopt);
  expect_near(found.outputs, expected.outputs, tolerance);
  expect_near(found.state, expected.state, tolerance);
}

class LinearRecurrence : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Rules, LinearRecurrence, testing::Bool(), [](const auto& info) {
  return info.param ? "GatedDeltaRule" : "DecayedAttention";
});

TEST_P(LinearRecurrence, IsTheLoopOverTokens) {
  for (const int tokens : {1, 2, 3, 31, 63, 64, 65, 66, 127, 128, 129, 200, 577}) {
    SCOPED_TRACE(tokens);
    expect_loop(random_inputs({.tokens = tokens, .groups = 2, .heads = 4, .key = 8, .value = 6}),
                GetParam());
  }
}

TEST_P(LinearRecurrence, EachOfABatchIsByItself) {
  for (const int tokens : {1, 70}) {
    expect_loop(random_inputs(
                    {.batch = 3, .tokens = tokens, .groups = 1, .heads = 3, .key = 4, .value = 5}),
                GetParam());
  }
}

TEST_P(LinearRecurrence, PiecesOfAnySizeContinueTheState) {
  const Inputs in = random_inputs({.tokens = 150, .groups = 2, .heads = 2, .key = 8, .value = 8});
  const Expected expected = loop(in, GetParam());
  std::optional<array> state;
  std::vector<array> outputs;
  int begin = 0;
  for (const int count : {1, 70, 1, 1, 64, 5, 8}) {
    const Recurrence part = run(in, GetParam(), begin, begin + count, state);
    outputs.push_back(part.outputs);
    state = part.state;
    begin += count;
  }
  expect_near(concatenate(outputs, 1), expected.outputs, 2e-5);
  expect_near(*state, expected.state, 2e-5);
}

TEST_P(LinearRecurrence, ExtremeDecays) {
  const Sizes sizes{.tokens = 130, .groups = 1, .heads = 2, .key = 8, .value = 4};
  // Nothing is forgotten; all of it at once; hardly anything, after all of it.
  expect_loop(random_inputs(sizes, [](int) { return 0.0; }), GetParam(), 1e-4);
  expect_loop(random_inputs(sizes, [](int) { return -1e6; }), GetParam());
  expect_loop(random_inputs(sizes, [](int t) { return t % 10 == 3 ? -1e7 : -1e-3; }), GetParam());
  expect_loop(random_inputs(sizes, [](int t) { return t % 40 == 0 ? -88.0 : -1.0; }), GetParam());
}

TEST_P(LinearRecurrence, DecaysBeyondAllNumbers) {
  const Sizes sizes{.tokens = 70, .groups = 1, .heads = 1, .key = 4, .value = 4};
  expect_loop(random_inputs(sizes, [](int t) { return t % 9 == 0 ? -1e38 : -0.1; }), GetParam());
}

// The same key again and again is what makes the equations of a chunk hardest.
TEST(GatedDeltaRule, RepeatedKeys) {
  Inputs in = random_inputs({.tokens = 100, .groups = 1, .heads = 1, .key = 4, .value = 4},
                            [](int) { return 0.0; });
  for (size_t i = 4; i < in.keys.size(); ++i) in.keys[i] = in.keys[i % 4];
  for (double& rate : in.rates) rate = 1;
  expect_loop(in, true);
}

TEST_P(LinearRecurrence, GradientsAreThoseOfTheLoop) {
  const Inputs in = random_inputs({.tokens = 70, .groups = 1, .heads = 2, .key = 3, .value = 2});
  const auto loss = [&](const std::vector<array>& x) {
    const Recurrence found = GetParam() ? gated_delta_rule(x[0], x[1], x[2], x[3], x[4], x[5])
                                        : decayed_attention(x[0], x[1], x[2], x[3], x[5]);
    return add(sum(square(found.outputs)), sum(found.state));
  };
  const array state = broadcast_to(array(0.25f), {1, 2, 3, 2});
  const std::vector<array> at = {in.q(), in.k(), in.v(), in.d(), in.b(), state};
  std::vector<int> arguments = {0, 1, 2, 3};
  if (GetParam()) arguments.push_back(4);
  const std::vector<array> gradients = grad(loss, arguments)(at);
  // By differences of the loop in float64, for a few elements of each.
  const auto loop_loss = [&](const Inputs& moved) {
    const Expected expected = loop(moved, GetParam(), 0.25);
    double sum = 0;
    for (const double y : expected.outputs) sum += y * y;
    for (const double s : expected.state) sum += s;
    return sum;
  };
  const std::vector<std::vector<double> Inputs::*> members = {
      &Inputs::queries, &Inputs::keys, &Inputs::values, &Inputs::log_decays, &Inputs::rates};
  for (size_t g = 0; g < gradients.size(); ++g) {
    array dense = contiguous(gradients[g]);
    dense.eval();
    for (const size_t i : {size_t(0), dense.size() / 2, dense.size() - 2}) {
      const auto moved = [&](double by) {
        Inputs other = in;
        (other.*members[size_t(arguments[g])])[i] += by;
        return loop_loss(other);
      };
      const double expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      EXPECT_NEAR(dense.data<float>()[i], expected, 1e-3 * (1 + std::abs(expected)))
          << "argument " << arguments[g] << ", element " << i;
    }
  }
}

}  // namespace
}  // namespace quern::models
