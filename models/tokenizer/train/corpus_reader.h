#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// Reads the texts in a file one by one, whatever the file's size.
///
/// Of a .jsonl file every string in the records is a text, at any depth; names are none. Any other
/// file is text itself and comes in blocks that end with a line, where the next begins with a
/// character that is not white space, as far as the text has such lines: there the split schemes
/// that byte-level vocabularies use divide it in any case.
class CorpusReader {
 public:
  static constexpr size_t usual_block = size_t{1} << 20;  // bytes

  /// Throws ModelError when the file cannot be read.
  explicit CorpusReader(std::filesystem::path file, size_t block_bytes = usual_block);

  /// The next text, valid until the next call; false at the end. Throws ModelError when the file
  /// cannot be read further, or a line of a .jsonl file is not JSON, with its number.
  bool next(std::string_view& text);

  uint64_t bytes_read() const { return bytes_read_; }
  /// 0 for a pipe or device, which has none.
  uint64_t size() const { return size_; }

 private:
  bool next_block(std::string_view& text);
  bool next_string(std::string_view& text);
  bool read_record();
  void check_stream() const;

  std::filesystem::path file_;
  size_t block_bytes_;
  std::ifstream stream_;
  bool is_jsonl_;
  uint64_t size_ = 0;
  uint64_t bytes_read_ = 0;

  std::string buffer_;              // text: the block given last, and what follows it
  size_t given_ = 0;                // of the buffer
  size_t line_ = 0;                 // .jsonl: lines read
  size_t next_text_ = 0;            // of texts_
  std::vector<std::string> texts_;  // of one record
};

}  // namespace quern::models
