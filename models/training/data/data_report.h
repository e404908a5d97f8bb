#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/training/data/record_scanner.h"
#include "models/training/data/row.h"

namespace quern::models {

/// A row that cannot be trained on.
struct BadRow {
  int64_t line = 0;    ///< where it begins in the file, from 1
  int64_t number = 0;  ///< of the record, from 1
  std::string reason;
};

/// What one pass over a data file found.
struct DataReport {
  static constexpr size_t most_bad_rows = 1000;

  std::filesystem::path path;
  DataFormat format = DataFormat::json_lines;
  RowKind kind = RowKind::text;  ///< of the first good row
  int64_t rows = 0;              ///< all of them
  int64_t good = 0;              ///< that can be trained on
  int64_t bad = 0;
  std::vector<BadRow> bad_rows;  ///< the first most_bad_rows of them

  // By length, where the rows were encoded as well:
  int64_t truncated = 0;  ///< good ones that lose their end
  int64_t left_out = 0;   ///< neither good nor bad: too long, or nothing to learn before the limit
  int64_t tokens = 0;     ///< of all good rows, cut to the limit
  int64_t longest = 0;    ///< tokens of the longest, before it is cut
  /// Of a large file only a part is encoded: the four numbers above are then estimates.
  bool lengths_are_estimates = false;
  int64_t unsure = 0;  ///< good ones that may yet turn out to be left out

  /// One line for people: what was found where, with the first bad rows.
  std::string summary() const;
};

/// Throws ModelError, with the first bad rows, when there are any.
void refuse_bad_rows(const DataReport& report);

}  // namespace quern::models
