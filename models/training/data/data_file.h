#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace quern::models {

/// A file of any size, open for reading in pieces: unlike a mapped one it takes no memory, and one
/// that is cut short while it is read gives an error. Any thread may read, several at once.
class DataFile {
 public:
  /// Throws ModelError, naming the file and the system's reason.
  explicit DataFile(std::filesystem::path path);
  ~DataFile();
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }  ///< when it was opened

  /// The bytes from `offset` on; fewer than `size` only at the end of the file.
  size_t read(uint64_t offset, char* to, size_t size) const;
  /// Exactly so many. Throws ModelError when the file has become shorter.
  std::string read(uint64_t offset, size_t size) const;

 private:
  std::filesystem::path path_;
  int file_ = -1;
  uint64_t size_ = 0;
};

/// Goes through a file byte by byte, once, in pieces of 1 MiB.
class ByteStream {
 public:
  explicit ByteStream(const DataFile& file) : file_(file) {}

  static constexpr int end_of_file = -1;

  /// The next byte, 0 to 255, or end_of_file.
  int peek() { return next_ != end_ || fill() ? static_cast<unsigned char>(*next_) : end_of_file; }
  /// Steps over the byte that peek() gave.
  void step() { ++next_; }

  /// What is left of the piece in memory, to be searched at once; empty only at the end.
  std::string_view piece() {
    if (next_ == end_) fill();
    return {next_, static_cast<size_t>(end_ - next_)};
  }
  void step(size_t bytes) { next_ += bytes; }

  /// Of the next byte, from the start of the file.
  uint64_t position() const { return piece_end_ - static_cast<uint64_t>(end_ - next_); }

 private:
  bool fill();

  const DataFile& file_;
  std::string buffer_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  uint64_t piece_end_ = 0;
};

}  // namespace quern::models
