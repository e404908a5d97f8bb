#include "bench/suite/suite.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "engine/memory/memory.h"

namespace quern::bench {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The fastest run of those that a burst has time for.
double fastest(const Run& run) {
  constexpr double burst_seconds = 0.02;
  const auto start = Clock::now();
  double best = run();
  while (since(start) < burst_seconds) best = std::min(best, run());
  return best;
}

/// How long a work's run takes at least, and what says so.
struct Limit {
  double seconds;
  std::string name;
};

Limit limit_now(const Cost& cost) {
  const std::pair<Resource, double> parts[] = {{Resource::read, cost.read},
                                               {Resource::copy, cost.copied},
                                               {Resource::float32, cost.float32_operations},
                                               {Resource::int8, cost.int8_operations}};
  Limit longest{0, {}};
  for (const auto& [resource, amount] : parts) {
    if (amount == 0) continue;
    const double rate = burst(resource);
    if (amount / rate > longest.seconds)
      longest = {amount / rate, std::string(to_string(resource)) + " " + describe(resource, rate)};
  }
  return longest;
}

Limit limit_now(const Rival& rival) { return {fastest(rival.run), rival.name}; }

Limit limit_now(const Target& target) { return {target.seconds, "target"}; }

Limit limit_now(const Work& work) {
  return std::visit([](const auto& bound) { return limit_now(bound); }, work.bound);
}

/// The fastest round.
struct Best {
  double seconds = std::numeric_limits<double>::infinity();
  Limit limit = {};

  double fraction() const { return limit.seconds / seconds; }

  void consider(double now, const Limit& before, const Limit& after) {
    if (now >= seconds) return;
    seconds = now;
    limit = before.seconds < after.seconds ? before : after;
  }
};

}  // namespace

Run timed(std::function<void()> work) {
  return [work = std::move(work)] {
    const auto start = Clock::now();
    work();
    return since(start);
  };
}

Suite::Suite(const Options& options)
    : options_(options), filter_(options.filter), report_(options.json_file) {}

bool Suite::wants(const std::string& name) const { return std::regex_search(name, filter_); }

void Suite::measure(const std::string& name, const std::function<Work()>& make) {
  if (!wants(name)) return;
  constexpr double enough_seconds = 0.6;
  const Work work = make();
  work.run();
  reset_peak_memory();
  const auto start = Clock::now();
  Best ours, theirs;
  Limit before = limit_now(work);
  for (int round = 0; round < work.rounds || since(start) < enough_seconds; ++round) {
    const double seconds = fastest(work.run);
    Limit after = limit_now(work);
    ours.consider(seconds, before, after);
    if (work.peer) {
      before = after;
      const double peer_seconds = work.amount / work.peer->rate();
      after = limit_now(work);
      theirs.consider(peer_seconds, before, after);
    }
    before = after;
  }
  const Unit& unit = work.unit;
  const auto told = [&](double s) {
    return unit.is_time ? s / std::max(work.amount, 1.0) * unit.scale
                        : work.amount / s * unit.scale;
  };
  std::optional<PeerFigure> peer;
  if (work.peer)
    peer = {.name = work.peer->name,
            .figure = told(theirs.seconds),
            .fraction = theirs.fraction(),
            .ratio = theirs.seconds / ours.seconds};
  report_.add({.name = name,
               .figure = told(ours.seconds),
               .unit = unit.name,
               .smaller_is_better = unit.is_time,
               .limit = told(ours.limit.seconds),
               .bound = ours.limit.name,
               .fraction = ours.fraction(),
               .peak_memory = get_peak_memory(),
               .peer = peer});
}

}  // namespace quern::bench
