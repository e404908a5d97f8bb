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

Arrays chain(const Arrays& in) {
  const array& x = in[0];
  array y = x * 1.5f + 0.25f;
  y = y * x - 0.5f;
  y = sqrt(abs(y) + 1.0f);
  y = maximum(x / y, array(-0.75f));
  return {-y};
}

__attribute__((target_clones("avx512f", "avx2", "default"))) void chain_by_hand(const float* in,
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

void one_by_one(benchmark::State& state) {
  const array x = input();
  for (auto _ : state) chain({x})[0].eval();
  state.SetItemsProcessed(elements * state.iterations());
}
BENCHMARK(one_by_one)->MeasureProcessCPUTime()->UseRealTime();

void compiled(benchmark::State& state) {
  const array x = input();
  const auto fun = compile(chain);
  for (auto _ : state) fun({x})[0].eval();
  state.SetItemsProcessed(elements * state.iterations());
}
BENCHMARK(compiled)->MeasureProcessCPUTime()->UseRealTime();

void by_hand(benchmark::State& state) {
  array x = input(), y = zeros({elements});
  for (auto _ : state) {
    y = array({elements}, float32, nullptr, {});
    y.allocate();
    const float* in = x.data<float>();
    float* out = y.data<float>();
    cpu::parallel_for(elements, 1 << 15, [&](size_t begin, size_t end) {
      chain_by_hand(in + begin, out + begin, end - begin);
    });
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(elements * state.iterations());
}
BENCHMARK(by_hand)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace quern::bench
