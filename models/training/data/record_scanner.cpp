#include "models/training/data/record_scanner.h"

#include <fmt/format.h>

namespace quern::models {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_json_space(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// What all scanners do: counting lines, and gathering a record's bytes up to the limit.
class Scanner : public RecordScanner {
 protected:
  explicit Scanner(const DataFile& file) : stream_(file) {
    for (const char c : byte_order_mark) {
      if (stream_.peek() != static_cast<unsigned char>(c)) break;
      stream_.step();
    }
  }

  void begin(Record& record) {
    record.offset = stream_.position();
    record.size = 0;
    record.line = line_;
    record.number = ++number_;
    record.bytes.clear();
    record.error.clear();
  }

  /// Takes the next byte into the record.
  void take(Record& record, int c) {
    if (++record.size <= largest_record) record.bytes += static_cast<char>(c);
    pass(c);
  }
  void pass(int c) {
    line_ += c == '\n';
    stream_.step();
  }

  static void finish(Record& record) {
    if (record.size > largest_record) std::string().swap(record.bytes);
  }

  ByteStream stream_;
  int64_t line_ = 1;
  int64_t number_ = 0;
};

/// A record a line; lines of white space only are none.
class LineScanner final : public Scanner {
 public:
  explicit LineScanner(const DataFile& file) : Scanner(file) {}

  bool next(Record& record) override {
    while (stream_.peek() != ByteStream::end_of_file) {
      begin(record);
      take_line(record);
      if (record.bytes.find_first_not_of(" \t\r") != std::string::npos ||
          record.size > largest_record) {
        finish(record);
        return true;
      }
      --number_;
    }
    return false;
  }

 private:
  void take_line(Record& record) {
    for (std::string_view piece = stream_.piece(); !piece.empty(); piece = stream_.piece()) {
      const size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      record.size += part.size();
      if (record.size <= largest_record) record.bytes += part;
      stream_.step(part.size());
      if (end == std::string_view::npos) continue;
      pass('\n');
      return;
    }
  }
};

/// JSON values, by their brackets and strings: between commas in an array, or one after the other.
class ValueScanner final : public Scanner {
 public:
  ValueScanner(const DataFile& file, bool in_array) : Scanner(file), in_array_(in_array) {
    if (!in_array_) return;
    skip_space();
    stream_.step();  // the '[' by which the format was recognised
  }

  bool next(Record& record) override {
    if (is_done_) return false;
    skip_space();
    begin(record);
    if (in_array_ && stream_.peek() == ']') return end_array(record);
    if (stream_.peek() == ByteStream::end_of_file) return end_file(record);
    take_value(record);
    finish(record);
    if (in_array_ && stream_.peek() == ',') pass(',');
    return true;
  }

 private:
  void skip_space() {
    while (is_json_space(stream_.peek())) pass(stream_.peek());
  }

  bool end_array(Record& record) {
    is_done_ = true;
    pass(']');
    skip_space();
    if (stream_.peek() == ByteStream::end_of_file) return false;
    record.line = line_;
    record.error = "more text behind the end of the array";
    return true;
  }

  bool end_file(Record& record) {
    is_done_ = true;
    if (in_array_) record.error = "the file ends before the array does";
    return in_array_;
  }

  /// Up to the comma or bracket that does not belong to it; in a sequence to its last bracket.
  void take_value(Record& record) {
    int depth = 0;
    for (int c = stream_.peek(); c != ByteStream::end_of_file; c = stream_.peek()) {
      const bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
      if (in_array_ && depth == 0 && (c == ',' || c == ']')) return;
      take(record, c);
      if (c == '"') take_string(record);
      depth += opens ? 1 : closes && depth > 0 ? -1 : 0;
      if (!in_array_ && depth == 0 && (closes || c == '\n')) return;
    }
  }

  void take_string(Record& record) {
    for (int c = stream_.peek(); c != ByteStream::end_of_file; c = stream_.peek()) {
      take(record, c);
      if (c == '"') return;
      if (c == '\\' && stream_.peek() != ByteStream::end_of_file) take(record, stream_.peek());
    }
  }

  bool in_array_;
  bool is_done_ = false;
};

/// A record to each line end that does not stand in quotes. The header is passed over.
class CsvScanner final : public Scanner {
 public:
  explicit CsvScanner(const DataFile& file) : Scanner(file) {
    Record header;
    next(header);
    number_ = 0;
  }

  bool next(Record& record) override {
    while (stream_.peek() != ByteStream::end_of_file) {
      begin(record);
      take_record(record);
      if (record.size != 0) {
        finish(record);
        return true;
      }
      --number_;  // an empty line
    }
    return false;
  }

 private:
  void take_record(Record& record) {
    bool in_quotes = false;
    for (int c = stream_.peek(); c != ByteStream::end_of_file; c = stream_.peek()) {
      if (c == '\n' && !in_quotes) {
        pass(c);
        drop_carriage_return(record);
        return;
      }
      in_quotes ^= c == '"';
      take(record, c);
    }
    drop_carriage_return(record);
  }

  static void drop_carriage_return(Record& record) {
    if (!record.bytes.ends_with('\r') || record.size > largest_record) return;
    record.bytes.pop_back();
    --record.size;
  }
};

/// Lines up to an empty one.
class ParagraphScanner final : public Scanner {
 public:
  explicit ParagraphScanner(const DataFile& file) : Scanner(file) {}

  bool next(Record& record) override {
    while (stream_.peek() == '\n' || stream_.peek() == '\r') pass(stream_.peek());
    if (stream_.peek() == ByteStream::end_of_file) return false;
    begin(record);
    bool line_is_empty = false;
    for (int c = stream_.peek(); c != ByteStream::end_of_file; c = stream_.peek()) {
      if (c == '\n' && line_is_empty) break;
      if (c != '\r') line_is_empty = c == '\n';
      take(record, c);
    }
    while (record.bytes.ends_with('\n') || record.bytes.ends_with('\r')) {
      record.bytes.pop_back();
      --record.size;
    }
    finish(record);
    return true;
  }
};

}  // namespace

std::string_view name_of(DataFormat format) {
  switch (format) {
    case DataFormat::json_lines:
      return "JSON lines";
    case DataFormat::json_array:
      return "a JSON array";
    case DataFormat::json_sequence:
      return "JSON objects";
    case DataFormat::csv:
      return "CSV";
    case DataFormat::paragraphs:
      return "plain text";
  }
  return {};
}

std::unique_ptr<RecordScanner> RecordScanner::make(const DataFile& file, const DataLayout& layout) {
  switch (layout.format) {
    case DataFormat::json_lines:
      return std::make_unique<LineScanner>(file);
    case DataFormat::json_array:
      return std::make_unique<ValueScanner>(file, true);
    case DataFormat::json_sequence:
      return std::make_unique<ValueScanner>(file, false);
    case DataFormat::csv:
      return std::make_unique<CsvScanner>(file);
    case DataFormat::paragraphs:
      return std::make_unique<ParagraphScanner>(file);
  }
  return nullptr;
}

}  // namespace quern::models
