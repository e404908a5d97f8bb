#include "bench/suite/report.h"

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

namespace quern::bench {

Report::Report(const std::string& json_file) {
  if (json_file.empty()) return;
  json_.open(json_file);
  if (!json_) throw std::runtime_error(fmt::format("[bench] cannot write {}", json_file));
}

void Report::add(const Line& line) {
  print_heading();
  fmt::print("{:<46} {:>10.4g} {:<9} of {:>8.4g}  {:>4.0f} %  {}", line.name, line.figure,
             line.unit, line.limit, 100 * line.fraction, line.bound);
  if (line.peer)
    fmt::print("  {} {:.4g} ({:.0f} %), ratio {:.2f}", line.peer->name, line.peer->figure,
               100 * line.peer->fraction, line.peer->ratio);
  fmt::print("\n");
  std::fflush(stdout);
  nlohmann::ordered_json object = {
      {"name", line.name},         {"figure", line.figure},
      {"unit", line.unit},         {"smaller_is_better", line.smaller_is_better},
      {"limit", line.limit},       {"bound", line.bound},
      {"fraction", line.fraction}, {"peak_memory", line.peak_memory}};
  if (line.peer) {
    object["peer"] = line.peer->name;
    object["peer_figure"] = line.peer->figure;
    object["peer_fraction"] = line.peer->fraction;
    object["ratio"] = line.peer->ratio;
  }
  write(object);
}

void Report::skip(const std::string& name, const std::string& reason) {
  print_heading();
  fmt::print("{:<46} left out: {}\n", name, reason);
  std::fflush(stdout);
  write({{"name", name}, {"left_out", reason}});
}

void Report::heading(const std::string& text) { heading_ = text; }

void Report::print_heading() {
  if (!heading_.empty()) fmt::print("\n{}\n", heading_);
  heading_.clear();
}

void Report::write(const nlohmann::ordered_json& object) {
  if (json_.is_open()) json_ << object.dump() << std::endl;
}

}  // namespace quern::bench
