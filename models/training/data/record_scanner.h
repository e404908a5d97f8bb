#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/training/data/data_file.h"

namespace quern::models {

/// How a data file divides into records.
enum class DataFormat {
  json_lines,     ///< a JSON object on each line
  json_array,     ///< one JSON array of objects
  json_sequence,  ///< JSON objects one after the other, each perhaps over several lines
  csv,            ///< comma-separated values with a header
  paragraphs,     ///< plain text, empty lines between the rows
};

std::string_view name_of(DataFormat format);

/// A format with what its records need to be understood.
struct DataLayout {
  DataFormat format = DataFormat::json_lines;
  char delimiter = ',';                   ///< of CSV
  std::vector<std::string> columns = {};  ///< of CSV
};

/// Finds out by what the file's beginning looks like; its name decides only between plain text and
/// the others. `known_columns` are names that tell a CSV header. Throws ModelError when the file is
/// empty or nothing is recognised.
DataLayout recognise_layout(const DataFile& file, const std::vector<std::string>& known_columns);

/// One record of a file: its bytes and where they lie.
struct Record {
  uint64_t offset = 0;  ///< bytes from the start of the file
  uint64_t size = 0;
  int64_t line = 0;    ///< where it begins, from 1
  int64_t number = 0;  ///< from 1; a CSV header is none
  /// Empty when the record is longer than `largest_record`.
  std::string bytes;
  /// What is wrong with the file here, or empty. Such a record has no bytes.
  std::string error;
};

/// Records longer than this many bytes are not read.
inline constexpr uint64_t largest_record = uint64_t(64) << 20;

/// Goes through a file once, record by record. A record's bytes are as they stand in the file:
/// nothing but where they begin and end is known of them.
class RecordScanner {
 public:
  static std::unique_ptr<RecordScanner> make(const DataFile& file, const DataLayout& layout);
  virtual ~RecordScanner() = default;

  /// False at the end of the file.
  virtual bool next(Record& record) = 0;
};

}  // namespace quern::models
