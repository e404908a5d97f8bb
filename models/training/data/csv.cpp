#include "models/training/data/csv.h"

#include <fmt/format.h>

#include "models/training/data/row.h"

namespace quern::models {

namespace {

/// The value of the quoted field at `position`, which moves behind its closing quote.
std::string quoted_field(std::string_view record, size_t& position) {
  const size_t begin = position++;
  std::string value;
  while (true) {
    const size_t quote = record.find('"', position);
    if (quote == std::string_view::npos) {
      throw RowError(fmt::format("the quote at byte {} of the record never closes", begin));
    }
    value += record.substr(position, quote - position);
    position = quote + 1;
    if (position == record.size() || record[position] != '"') return value;
    value += '"';
    ++position;
  }
}

std::string bare_field(std::string_view record, size_t& position, char delimiter) {
  const size_t end = std::min(record.find(delimiter, position), record.size());
  const std::string_view value = record.substr(position, end - position);
  if (const size_t quote = value.find('"'); quote != std::string_view::npos) {
    throw RowError(
        fmt::format("a quote at byte {} of the record, within a field that is not in quotes",
                    position + quote));
  }
  position = end;
  return std::string(value);
}

}  // namespace

std::vector<std::string> read_csv_record(std::string_view record, char delimiter) {
  std::vector<std::string> fields;
  size_t position = 0;
  while (true) {
    const bool is_quoted = position < record.size() && record[position] == '"';
    fields.push_back(is_quoted ? quoted_field(record, position)
                               : bare_field(record, position, delimiter));
    if (position == record.size()) return fields;
    if (record[position] != delimiter) {
      throw RowError(fmt::format("byte {} of the record: text behind a closing quote", position));
    }
    ++position;
  }
}

}  // namespace quern::models
