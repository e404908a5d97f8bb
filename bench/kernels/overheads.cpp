// What an operation on next to nothing costs, from building its node to its result: beside the time
// that is asked for, and for small arrays beside the loop that one would write by hand.

#include <fmt/format.h>

#include "bench/kernels/random_arrays.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

constexpr double asked_for = 2e-6;
constexpr int repetitions = 200;

/// An operation alone, evaluated at once.
Work evaluated_each(std::function<array()> operation) {
  return {.unit = microseconds,
          .amount = repetitions,
          .bound = Target{asked_for * repetitions},
          .run = timed([=] {
            for (int i = 0; i < repetitions; ++i) operation().eval();
          })};
}

/// Each on the result of the one before, evaluated together.
Work chained(const array& first, std::function<array(const array&)> operation) {
  return {.unit = microseconds,
          .amount = repetitions,
          .bound = Target{asked_for * repetitions},
          .run = timed([=] {
            array x = first;
            for (int i = 0; i < repetitions; ++i) x = operation(x);
            x.eval();
          })};
}

/// a + b of few elements, beside a loop.
Work small_sum(int elements) {
  const array a = random_array({elements}, float32, 1), b = random_array({elements}, float32, 2);
  const auto by_hand = timed([=] {
    for (int i = 0; i < repetitions; ++i) {
      std::vector<float> sum(static_cast<size_t>(elements));
      const float *x = a.data<float>(), *y = b.data<float>();
      for (size_t k = 0; k < sum.size(); ++k) sum[k] = x[k] + y[k];
      asm volatile("" : : "r"(sum.data()) : "memory");
    }
  });
  return {.unit = microseconds,
          .amount = repetitions,
          .bound = Rival{"by hand", by_hand},
          .run = timed([=] {
            for (int i = 0; i < repetitions; ++i) (a + b).eval();
          })};
}

}  // namespace

void overheads(Suite& suite) {
  const array x = random_array({16}), square = random_array({4, 4});
  suite.measure("overhead/each/add", [&] { return evaluated_each([=] { return x + x; }); });
  suite.measure("overhead/each/exp", [&] { return evaluated_each([=] { return exp(x); }); });
  suite.measure("overhead/each/sum", [&] { return evaluated_each([=] { return sum(x); }); });
  suite.measure("overhead/each/matmul",
                [&] { return evaluated_each([=] { return matmul(square, square); }); });
  suite.measure("overhead/each/softmax",
                [&] { return evaluated_each([=] { return softmax(x, -1); }); });
  suite.measure("overhead/each/reshape", [&] {
    return evaluated_each([=] { return reshape(x, {4, 4}); });
  });
  suite.measure("overhead/chained/add",
                [&] { return chained(x, [=](const array& y) { return y + x; }); });
  suite.measure("overhead/chained/exp",
                [&] { return chained(x, [](const array& y) { return exp(y); }); });
  suite.measure("overhead/chained/matmul",
                [&] { return chained(square, [=](const array& y) { return matmul(y, square); }); });
  suite.measure("overhead/chained/rms_norm", [&] {
    return chained(square, [](const array& y) { return fast::rms_norm(y, std::nullopt, 1e-5f); });
  });
  for (const int elements : {1000, 10'000, 100'000}) {
    suite.measure(fmt::format("overhead/small/add/{}", elements),
                  [&] { return small_sum(elements); });
  }
}

}  // namespace quern::bench
