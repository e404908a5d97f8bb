#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// The fields of one record of comma-separated values (RFC 4180): a field in quotes may hold the
/// delimiter, line ends and, doubled, quotes. `record` is without the line end behind it. Throws
/// RowError for a quote within a bare field, text behind a closing quote and one that never closes.
std::vector<std::string> read_csv_record(std::string_view record, char delimiter);

}  // namespace quern::models
