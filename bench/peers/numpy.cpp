#include "bench/peers/numpy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "bench/peers/command.h"

namespace quern::bench {

namespace {

bool has_numpy(Suite& suite) {
  static const bool found = [&] {
    const bool imports = std::system("python3 -c 'import numpy' 2>/dev/null") == 0;
    if (!imports) suite.report().skip("NumPy", "there is no python3 that has it");
    return imports;
  }();
  return found;
}

}  // namespace

std::optional<Peer> numpy_peer(Suite& suite, const Shape& shape, double amount,
                               const std::string& expression, const std::string& setup) {
  if (!suite.options().numpy || !has_numpy(suite)) return std::nullopt;
  const std::string command = fmt::format(
      "python3 {} {} {} {}", quoted(QUERN_BENCH_PEERS "/numpy_peer.py"),
      quoted(fmt::format("{}", fmt::join(shape, ","))), quoted(setup), quoted(expression));
  return Peer{"NumPy, one thread",
              [command, amount] { return amount / std::stod(output_of(command)); }};
}

}  // namespace quern::bench
