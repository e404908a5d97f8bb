// Array operations, beside the plain loops that bound them.

#include <benchmark/benchmark.h>

#include <cstring>

#include "engine/quern.h"

namespace quern::bench {
namespace {

array random_array(Shape shape, Dtype dtype = float32) {
  array a = random::normal(shape, dtype, random::key(7));
  a.eval();
  return a;
}

/// How fast memory can be copied: the limit of everything below that is elementwise.
void memory_copy(benchmark::State& state) {
  const size_t bytes = size_t(state.range(0));
  std::vector<char> from(bytes, 1), to(bytes);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(int64_t(2 * bytes) * state.iterations());
}
BENCHMARK(memory_copy)->Arg(40'000'000)->UseRealTime();

void add_arrays(benchmark::State& state) {
  const array a = random_array({int(state.range(0))}), b = random_array({int(state.range(0))});
  for (auto _ : state) add(a, b).eval();
  state.SetBytesProcessed(int64_t(3 * a.nbytes()) * state.iterations());
}
BENCHMARK(add_arrays)->Arg(1)->Arg(10'000'000)->UseRealTime();

void softmax_rows(benchmark::State& state) {
  const array a = random_array({64, 128256});
  for (auto _ : state) softmax(a, -1).eval();
  state.SetBytesProcessed(int64_t(2 * a.nbytes()) * state.iterations());
}
BENCHMARK(softmax_rows)->UseRealTime();

void argmax_vocabulary(benchmark::State& state) {
  const array a = random_array({128256});
  for (auto _ : state) argmax(a).eval();
}
BENCHMARK(argmax_vocabulary)->UseRealTime();

void transpose_copy(benchmark::State& state) {
  const array a = random_array({4096, 2048});
  for (auto _ : state) contiguous(transpose(a)).eval();
  state.SetBytesProcessed(int64_t(2 * a.nbytes()) * state.iterations());
}
BENCHMARK(transpose_copy)->UseRealTime();

}  // namespace
}  // namespace quern::bench
