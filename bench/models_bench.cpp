// Opening, reading a prompt and writing an answer with checkpoints of real shapes and random
// weights.

#include <benchmark/benchmark.h>

#include <numeric>

#include "bench/synthetic_checkpoint.h"
#include "models/generate/generator.h"

namespace quern::bench {
namespace {

void open_checkpoint(benchmark::State& state) {
  const auto folder = synthetic_checkpoint(one_billion(int(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(models::LanguageModel::load(folder));
  state.counters["bytes"] = double(std::filesystem::file_size(folder / "model.safetensors"));
}
BENCHMARK(open_checkpoint)->ArgName("bits")->Arg(4)->Arg(16)->Unit(benchmark::kMillisecond);

models::GenerationRequest request(int prompt, int answer) {
  models::GenerationRequest r;
  r.prompt.resize(size_t(prompt));
  std::iota(r.prompt.begin(), r.prompt.end(), 1000);
  r.sampling.temperature = 0;
  r.max_tokens = answer;
  r.stop_at_eos = false;
  return r;
}

/// Prompt tokens and answer tokens per second, as the program's users see them.
void generate(benchmark::State& state) {
  const auto model =
      models::LanguageModel::load(synthetic_checkpoint(one_billion(int(state.range(0)))));
  models::Generator generator(model);
  generator.generate(request(8, 4), [](const auto&) {});
  models::GenerationStatistics last;
  for (auto _ : state) {
    generator.clear();
    last =
        generator.generate(request(int(state.range(1)), int(state.range(2))), [](const auto&) {});
  }
  state.counters["prompt_tps"] = last.prompt_tps;
  state.counters["generation_tps"] = last.generation_tps;
  state.counters["peak_memory"] = double(last.peak_memory);
}
BENCHMARK(generate)
    ->ArgNames({"bits", "prompt", "answer"})
    ->Args({4, 512, 128})
    ->Args({8, 512, 128})
    ->Args({16, 512, 32})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace quern::bench
