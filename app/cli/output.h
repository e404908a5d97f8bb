#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace quern::cli {

/// Where a verb's results and errors go. With --json, standard output is one JSON object per line
/// and nothing else; without it, it is text for people. Progress always goes to standard error.
class Output {
 public:
  explicit Output(bool json) : json_(json) {}

  bool json() const { return json_; }

  /// One line; only with --json, or where a verb's output is JSON in any case.
  void object(const nlohmann::ordered_json& value);

  /// Shown at once; only without --json.
  void text(std::string_view text);

  /// Replaces the last progress on the terminal; nothing when standard error is not one.
  void progress(std::string_view text);
  void end_progress();

  /// `what` is what happened; the reason and the advice come from the exception.
  void error(std::string_view what, const std::exception& exception);

 private:
  void write(std::string_view text);

  bool json_;
  bool progress_shown_ = false;
};

}  // namespace quern::cli
