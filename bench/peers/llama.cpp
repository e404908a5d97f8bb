#include "bench/peers/llama.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/peers/command.h"

namespace quern::bench {

namespace {

/// The beginning of a command that takes llama-bench's options; empty when none is wanted.
std::string program(const Options& options) {
  if (!options.llama_bench.empty()) return quoted(options.llama_bench);
  if (!options.node_llama_cpp.empty())
    return fmt::format("node {} {}", quoted(QUERN_BENCH_PEERS "/node_llama.mjs"),
                       quoted(options.node_llama_cpp));
  return {};
}

}  // namespace

std::optional<Peer> llama_peer(const Options& options, const ModelShape& shape,
                               const StoredAs& stored, int prompt, int generated, int depth) {
  const std::string start = program(options);
  if (start.empty()) return std::nullopt;
  const std::string type = stored.bits == 4 ? "Q4_0" : stored.bits == 8 ? "Q8_0" : "BF16";
  const std::string command = fmt::format(
      "{} -m {} -p {} -n {} -d {} -t {} -r 1 -o json 2>/dev/null", start,
      quoted(synthetic_gguf(shape, type).string()), prompt, generated, depth, engine_threads());
  return Peer{"llama.cpp " + type, [command] {
                const auto tests = nlohmann::json::parse(output_of(command));
                return tests.at(0).at("avg_ts").get<double>();
              }};
}

}  // namespace quern::bench
