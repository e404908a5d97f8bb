#include "models/decoder/selective_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"

namespace quern::models {
namespace {

struct Inputs {
  int batch, tokens, channels, states;
  std::vector<double> x, steps, a, b, c;

  array to_array(const std::vector<double>& numbers, Shape shape) const {
    return array(numbers.begin(), std::move(shape), float32);
  }
  std::vector<array> arrays() const {
    return {to_array(x, {batch, tokens, channels}), to_array(steps, {batch, tokens, channels}),
            to_array(a, {states, channels}), to_array(b, {batch, tokens, states}),
            to_array(c, {batch, tokens, states})};
  }
};

Inputs random_inputs(int batch, int tokens, const std::function<double(int)>& step = {}) {
  std::mt19937 generator(3);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> even(0.01, 0.5);
  Inputs in{batch, tokens, 5, 3, {}, {}, {}, {}, {}};
  const auto fill = [&](std::vector<double>& to, int count, const auto& next) {
    for (int i = 0; i < count; ++i) to.push_back(double(float(next(i))));
  };
  const auto any = [&](int) { return normal(generator); };
  fill(in.x, batch * tokens * 5, any);
  fill(in.steps, batch * tokens * 5,
       [&](int i) { return step ? step(i / 5 % tokens) : even(generator); });
  fill(in.a, 15, [&](int i) { return -double(i / 5 + 1); });
  fill(in.b, batch * tokens * 3, any);
  fill(in.c, batch * tokens * 3, any);
  return in;
}

struct Expected {
  std::vector<double> outputs, state;
};

/// Token by token. start: what the state is filled with at first.
Expected loop(const Inputs& in, double start = 0) {
  Expected out;
  for (int batch = 0; batch < in.batch; ++batch) {
    std::vector<double> state(size_t(in.states) * size_t(in.channels), start);
    for (int t = 0; t < in.tokens; ++t) {
      const int at = batch * in.tokens + t;
      for (int d = 0; d < in.channels; ++d) {
        const double step = in.steps[size_t(at * in.channels + d)];
        double y = 0;
        for (int n = 0; n < in.states; ++n) {
          double& h = state[size_t(n * in.channels + d)];
          h = std::exp(step * in.a[size_t(n * in.channels + d)]) * h +
              step * in.x[size_t(at * in.channels + d)] * in.b[size_t(at * in.states + n)];
          y += in.c[size_t(at * in.states + n)] * h;
        }
        out.outputs.push_back(y);
      }
    }
    out.state.insert(out.state.end(), state.begin(), state.end());
  }
  return out;
}

void expect_near(const array& found, const std::vector<double>& expected) {
  array dense = contiguous(found);
  dense.eval();
  ASSERT_EQ(dense.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(dense.data<float>()[i], expected[i], 2e-5 * (1 + std::abs(expected[i]))) << i;
  }
}

void expect_loop(const Inputs& in) {
  const std::vector<array> x = in.arrays();
  const SelectiveScan found = selective_scan(x[0], x[1], x[2], x[3], x[4], std::nullopt);
  const Expected expected = loop(in);
  expect_near(found.outputs, expected.outputs);
  expect_near(found.state, expected.state);
}

TEST(SelectiveScan, IsTheLoopOverTokens) {
  for (const int tokens : {1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 72, 128, 131}) {
    SCOPED_TRACE(tokens);
    expect_loop(random_inputs(2, tokens));
  }
}

TEST(SelectiveScan, ExtremeSteps) {
  expect_loop(random_inputs(1, 70, [](int) { return 0.0; }));
  expect_loop(random_inputs(1, 70, [](int) { return 1e6; }));
  expect_loop(random_inputs(1, 70, [](int t) { return t % 10 == 3 ? 1e5 : 1e-4; }));
}

TEST(SelectiveScan, PiecesOfAnySizeContinueTheState) {
  const Inputs in = random_inputs(1, 100);
  const std::vector<array> x = in.arrays();
  const Expected expected = loop(in);
  std::optional<array> state;
  std::vector<array> outputs;
  int begin = 0;
  for (const int count : {3, 1, 66, 1, 1, 20, 8}) {
    const auto part = [&](const array& whole) {
      return slice(whole, {0, begin, 0}, {1, begin + count, whole.shape(2)});
    };
    const SelectiveScan found =
        selective_scan(part(x[0]), part(x[1]), x[2], part(x[3]), part(x[4]), state);
    outputs.push_back(found.outputs);
    state = found.state;
    begin += count;
  }
  expect_near(concatenate(outputs, 1), expected.outputs);
  expect_near(*state, expected.state);
}

TEST(SelectiveScan, MemoryForStatesDoesNotGrow) {
  const auto peak = [](int tokens) {
    const Inputs in = random_inputs(1, tokens);
    std::vector<array> x = in.arrays();
    // Many channels, so that states outweigh everything else.
    for (array* a : {&x[0], &x[1], &x[2]}) *a = tile(*a, {200});
    x[2] = tile(x[2], {8, 1});
    for (array* a : {&x[3], &x[4]}) *a = tile(*a, {8});
    eval(x);
    const size_t before = get_active_memory();
    reset_peak_memory();
    const SelectiveScan found = selective_scan(x[0], x[1], x[2], x[3], x[4], std::nullopt);
    eval({found.state, found.outputs});
    return get_peak_memory() - before;
  };
  EXPECT_LT(peak(64 * 16), 2 * peak(64 * 2));
}

TEST(SelectiveScan, GradientsAreThoseOfTheLoop) {
  const Inputs in = random_inputs(1, 21);
  const array state = broadcast_to(array(0.25f), {1, in.states, in.channels});
  const auto loss = [&](const std::vector<array>& x) {
    const SelectiveScan found = selective_scan(x[0], x[1], x[2], x[3], x[4], state);
    return add(sum(square(found.outputs)), sum(found.state));
  };
  const auto gradients = grad(loss, std::vector<int>{0, 1, 2, 3, 4})(in.arrays());
  std::vector<double> Inputs::*const members[] = {&Inputs::x, &Inputs::steps, &Inputs::a,
                                                  &Inputs::b, &Inputs::c};
  for (size_t g = 0; g < gradients.size(); ++g) {
    array dense = contiguous(gradients[g]);
    dense.eval();
    for (const size_t i : {size_t(0), dense.size() / 2, dense.size() - 1}) {
      const auto moved = [&](double by) {
        Inputs other = in;
        (other.*members[g])[i] += by;
        const Expected expected = loop(other, 0.25);
        double sum = 0;
        for (const double y : expected.outputs) sum += y * y;
        for (const double s : expected.state) sum += s;
        return sum;
      };
      const double expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      EXPECT_NEAR(dense.data<float>()[i], expected, 1e-3 * (1 + std::abs(expected)))
          << "argument " << g << ", element " << i;
    }
  }
}

}  // namespace
}  // namespace quern::models
