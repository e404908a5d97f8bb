// A chain of ten elementwise operations over 10 million float32: one by one, compiled, and as the
// loop that one would write by hand. `compiled` must reach 80 % of `by_hand`.

#include <benchmark/benchmark.h>

#include <cmath>

#include "engine/backend/cpu/thread_pool.h"
#include "engine/quern.h"

namespace quern::bench {
namespace {

constexpr int elements = 10'000'000;

array input(const array& like = random::normal({elements}, float32, random::key(7))) {
  array a = like;
  a.eval();
  return a;
}

struct Chain {
  Arrays (*ops)(const Arrays& in);
  void (*by_hand)(const float* in, float* out, size_t n);
};

Arrays arithmetic(const Arrays& in) {
  const array& x = in[0];
  array y = x * 1.5f + 0.25f;
  y = y * x - 0.5f;
  y = abs(y) + 1.0f;
  y = minimum(maximum(y * x, array(-0.75f)), array(3.0f));
  return {-y};
}

__attribute__((target_clones("avx512f", "avx2", "default"))) void arithmetic_by_hand(
    const float* in, float* out, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float x = in[i];
    float y = x * 1.5f + 0.25f;
    y = y * x - 0.5f;
    y = (std::fabs(y) + 1.0f) * x;
    y = y > -0.75f ? y : -0.75f;
    out[i] = -(y < 3.0f ? y : 3.0f);
  }
}

Arrays roots(const Arrays& in) {
  const array& x = in[0];
  array y = x * 1.5f + 0.25f;
  y = y * x - 0.5f;
  y = sqrt(abs(y) + 1.0f);
  y = maximum(x / y, array(-0.75f));
  return {-y};
}

__attribute__((target_clones("avx512f", "avx2", "default"))) void roots_by_hand(const float* in,
                                                                                float* out,
                                                                                size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float x = in[i];
    float y = x * 1.5f + 0.25f;
    y = y * x - 0.5f;
    y = std::sqrt(std::fabs(y) + 1.0f);
    y = x / y;
    out[i] = -(y > -0.75f ? y : -0.75f);
  }
}

Arrays curves(const Arrays& in) {
  const array& x = in[0];
  array y = exp(x * 0.5f) + 1.0f;
  y = tanh(log(y) * x) * 0.5f;
  return {y * (-x) + 1.0f};
}

void curves_by_hand(const float* in, float* out, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float x = in[i];
    out[i] = std::tanh(std::log(std::exp(x * 0.5f) + 1.0f) * x) * 0.5f * -x + 1.0f;
  }
}

void one_by_one(benchmark::State& state, Chain chain) {
  const array x = input();
  for (auto _ : state) chain.ops({x})[0].eval();
  state.SetItemsProcessed(elements * state.iterations());
}

void compiled(benchmark::State& state, Chain chain) {
  const array x = input();
  const auto fun = compile(chain.ops);
  for (auto _ : state) fun({x})[0].eval();
  state.SetItemsProcessed(elements * state.iterations());
}

void by_hand(benchmark::State& state, Chain chain) {
  array x = input();
  for (auto _ : state) {
    array y({elements}, float32, nullptr, {});
    y.allocate();
    const float* in = x.data<float>();
    float* out = y.data<float>();
    cpu::parallel_for(elements, 1 << 15, [&](size_t begin, size_t end) {
      chain.by_hand(in + begin, out + begin, end - begin);
    });
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(elements * state.iterations());
}

const bool registered = [] {
  const std::pair<const char*, Chain> chains[] = {{"arithmetic", {arithmetic, arithmetic_by_hand}},
                                                  {"roots", {roots, roots_by_hand}},
                                                  {"curves", {curves, curves_by_hand}}};
  for (const auto& [name, chain] : chains) {
    using Run = void (*)(benchmark::State&, Chain);
    const std::pair<const char*, Run> ways[] = {
        {"one_by_one/", one_by_one}, {"compiled/", compiled}, {"by_hand/", by_hand}};
    for (const auto& [way, run] : ways) {
      benchmark::RegisterBenchmark((std::string(way) + name).c_str(), run, chain)
          ->MeasureProcessCPUTime()
          ->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace quern::bench
