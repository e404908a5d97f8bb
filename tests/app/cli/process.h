#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quern::tests {

/// What quern-cli left when it ended.
struct ProcessResult {
  int exit_code;  ///< 128 + signal when one ended it
  std::string out;
  std::string error;

  /// The lines of `out`, each one JSON object.
  std::vector<nlohmann::ordered_json> objects() const;
};

struct ProcessOptions {
  std::string input = {};            ///< for standard input
  std::string interrupt_after = {};  ///< sends SIGINT once when the output holds this text
  size_t file_size_limit = 0;        ///< bytes that a file may grow to; 0: no limit
};

/// Runs the built quern-cli and waits for it.
ProcessResult run_cli(const std::vector<std::string>& arguments,
                      const ProcessOptions& options = {});

}  // namespace quern::tests
