// Measures the engine and the models on this machine, each figure beside its limit.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>

#include "bench/limits/instruction_set.h"
#include "bench/suite/sections.h"

namespace quern::bench {
namespace {

struct Section {
  const char* title;
  void (*measure)(Suite& suite);
};

constexpr Section sections[] = {
    {"Machine", machine_limits},
    {"Matrix products", matmul_kernels},
    {"Products with quantized weights", quantized_kernels},
    {"Attention", attention_kernels},
    {"Norms, rotary embedding, softmax, loss", fast_kernels},
    {"Elementwise", elementwise_kernels},
    {"Fused chains", fused_chains},
    {"Reductions and scans", reductions},
    {"Copies, transposes, gathers", movements},
    {"Sorting", orderings},
    {"Overhead of an operation", overheads},
    {"Generation", generation},
    {"Generation beside a training", beside_training},
    {"Start-up", start_up},
    {"Tokenizers", tokenizers},
    {"Training", training_steps},
};

int run(const Options& options) {
  Suite suite(options);
  for (const Section& section : sections) {
    suite.report().heading(section.title);
    section.measure(suite);
  }
  return 0;
}

}  // namespace
}  // namespace quern::bench

int main(int argc, char** argv) {
  using namespace quern::bench;
  Options options;
  int threads = 0;
  std::string instruction_set;
  CLI::App app(
      "Measures Quern. A line tells its own figure, the limit that what binds it sets in the same "
      "run, the fraction of that, and the limit's name.");
  app.add_option("--filter", options.filter,
                 "only lines in whose names this regular expression is found");
  app.add_flag("--full", options.full,
               "also what takes long or much room: 3B and 8B models, long contexts, every dtype");
  app.add_option("--threads", threads,
                 "threads to compute with; like QUERN_NUM_THREADS (default: one for each core)");
  app.add_option("--instructions", instruction_set,
                 "compute as a processor would that has nothing better: SSE4, AVX2 or AVX3");
  app.add_option("--json", options.json_file,
                 "write the lines to this file too, a JSON object each");
  app.add_option("--llama-bench", options.llama_bench,
                 "llama.cpp's benchmark program: measure the models with it too, in turn");
  app.add_option("--node-llama-cpp", options.node_llama_cpp,
                 "a folder in which node-llama-cpp is installed: measure the models with it too");
  app.add_flag("--numpy", options.numpy,
               "measure sorts, scans, gathers and reductions of float32 with python3's NumPy too");
  CLI11_PARSE(app, argc, argv);
  if (threads > 0) setenv("QUERN_NUM_THREADS", std::to_string(threads).c_str(), 1);
  try {
    if (!instruction_set.empty()) use_instruction_set(instruction_set);
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
