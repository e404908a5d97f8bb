#include "models/training/data/data_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/error.h"

namespace quern::models {

namespace {

std::string first_bad_rows(const DataReport& report) {
  std::string text;
  const size_t shown = std::min<size_t>(report.bad_rows.size(), 3);
  for (size_t i = 0; i < shown; ++i) {
    const BadRow& row = report.bad_rows[i];
    text += fmt::format("{}line {}: {}", i == 0 ? "" : "; ", row.line, row.reason);
  }
  return text;
}

}  // namespace

std::string DataReport::summary() const {
  std::string text = fmt::format("{}: {}, {} rows ({}), {} good, {} bad", path.string(),
                                 name_of(format), rows, name_of(kind), good, bad);
  const char* about = lengths_are_estimates ? "about " : "";
  if (left_out != 0) text += fmt::format(", {}{} left out as too long", about, left_out);
  if (truncated != 0) text += fmt::format(", {}{} cut", about, truncated);
  if (bad != 0) text += "; " + first_bad_rows(*this);
  return text;
}

void refuse_bad_rows(const DataReport& report) {
  if (report.bad == 0) return;
  throw ModelError(
      fmt::format("[data] {}: {} of {} rows cannot be trained on: {}", report.path.string(),
                  report.bad, report.rows, first_bad_rows(report)),
      "Correct these rows, or let bad rows be skipped.");
}

}  // namespace quern::models
