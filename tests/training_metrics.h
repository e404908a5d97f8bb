#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quern::tests {

/// The reports in a training's metrics.jsonl, without what depends on time and memory.
inline std::vector<nlohmann::json> lasting_metrics(const std::filesystem::path& training) {
  std::ifstream lines(training / "metrics.jsonl");
  std::vector<nlohmann::json> reports;
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json report = nlohmann::json::parse(line);
    for (const char* name : {"iterations_per_second", "tokens_per_second", "peak_memory",
                             "active_memory", "seconds_left", "val_time"})
      report.erase(name);
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace quern::tests
