#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace quern::bench {

/// What another program reached in turn with us.
struct PeerFigure {
  std::string name;
  double figure;    ///< in the unit of ours
  double fraction;  ///< of our limit, as it was when the other program ran
  double ratio;     ///< how many times faster we are
};

/// What one measurement came to.
struct Line {
  std::string name;  ///< "section/what/of which size"
  double figure;
  std::string unit;
  /// Whether a smaller figure is the better one: for times.
  bool smaller_is_better;
  double limit;            ///< what the figure could be at best, in the same run
  std::string bound;       ///< what sets the limit: "read 34.2 GB/s"
  double fraction;         ///< how near the figure is to the limit: 1 is there
  size_t peak_memory = 0;  ///< bytes of arrays
  std::optional<PeerFigure> peer = {};
};

/// Prints lines as they come, and writes each to a file of JSON, one object a line, if one is
/// named.
class Report {
 public:
  /// json_file: empty for none. Throws std::runtime_error when it cannot be written.
  explicit Report(const std::string& json_file);

  void add(const Line& line);
  /// Why something was not measured.
  void skip(const std::string& name, const std::string& reason);
  /// What the lines after it have in common; printed when there is one.
  void heading(const std::string& text);

 private:
  void write(const nlohmann::ordered_json& object);

  void print_heading();

  std::ofstream json_;
  std::string heading_;
};

}  // namespace quern::bench
