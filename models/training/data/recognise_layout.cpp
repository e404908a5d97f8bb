#include <fmt/format.h>

#include <algorithm>

#include "models/error.h"
#include "models/training/data/csv.h"
#include "models/training/data/record_scanner.h"
#include "models/training/data/row.h"

namespace quern::models {

namespace {

constexpr size_t looked_at = 1 << 16;
constexpr std::string_view white_space = " \t\r\n";

std::string lower_case_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension;
}

std::string_view without_byte_order_mark(const DataFile& file, std::string_view head) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    throw ModelError(fmt::format("[data] {} is UTF-16", file.path().string()),
                     "Save the file as UTF-8.");
  }
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  return head;
}

/// The header's columns, when at least one is known, by the delimiter that gives most known ones.
std::optional<DataLayout> csv_layout(std::string_view head,
                                     const std::vector<std::string>& known_columns) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  DataLayout best{.format = DataFormat::csv};
  int64_t most = 0;
  for (const char delimiter : {',', ';', '\t'}) {
    std::vector<std::string> columns;
    try {
      columns = read_csv_record(line, delimiter);
    } catch (const RowError&) {
      continue;
    }
    for (std::string& column : columns) {
      column.erase(0, std::min(column.find_first_not_of(' '), column.size()));
      column.erase(column.find_last_not_of(' ') + 1);
    }
    const int64_t known = std::count_if(columns.begin(), columns.end(), [&](const auto& column) {
      return std::find(known_columns.begin(), known_columns.end(), column) != known_columns.end();
    });
    if (known <= most) continue;
    most = known;
    best.delimiter = delimiter;
    best.columns = std::move(columns);
  }
  if (most == 0) return std::nullopt;
  return best;
}

DataFormat json_format(std::string_view head) {
  if (head.front() == '[') return DataFormat::json_array;
  // A bracket alone on its line begins an object that is written over several.
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const bool is_alone = line.find_last_not_of(" \t") == 0 && line.size() < head.size();
  return is_alone ? DataFormat::json_sequence : DataFormat::json_lines;
}

}  // namespace

DataLayout recognise_layout(const DataFile& file, const std::vector<std::string>& known_columns) {
  std::string bytes(looked_at, '\0');
  bytes.resize(file.read(0, bytes.data(), bytes.size()));
  std::string_view head = without_byte_order_mark(file, bytes);
  const size_t first = head.find_first_not_of(white_space);
  if (first == std::string_view::npos) {
    throw ModelError(fmt::format("[data] {} is empty: {} bytes of nothing but white space",
                                 file.path().string(), bytes.size()),
                     "Give a file with at least one row.");
  }
  head.remove_prefix(first);
  const std::string extension = lower_case_extension(file.path());
  const bool is_text = extension == ".txt" || extension == ".md";
  // Text may well begin with a bracket, but hardly with one and a quote.
  const size_t second = head.find_first_not_of(white_space, 1);
  const char follows = second == std::string_view::npos ? '\0' : head[second];
  const bool looks_like_json = (head.front() == '{' && (follows == '"' || follows == '}')) ||
                               (head.front() == '[' && (follows == '{' || follows == ']'));
  const bool may_be_json = (head.front() == '{' || head.front() == '[') && !is_text;
  if (looks_like_json || may_be_json) return {.format = json_format(head)};
  if (auto csv = csv_layout(head, known_columns)) return *csv;
  if (is_text) return {.format = DataFormat::paragraphs};
  if (extension == ".jsonl") return {.format = DataFormat::json_lines};
  throw ModelError(
      fmt::format("[data] {} is neither JSON, nor CSV with a column that is known, nor a .txt",
                  file.path().string()),
      fmt::format("CSV needs a header with columns such as {}; JSON lines begin with {{.",
                  fmt::join(known_columns, ", ")));
}

}  // namespace quern::models
