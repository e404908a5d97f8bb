#pragma once

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "engine/memory/buffer.h"

namespace quern {

static_assert(std::endian::native == std::endian::little, "files are little-endian, and so are we");

/// A stretch of a file's bytes, read in order and never past its end: what the readers of file
/// formats stand on. Numbers are little-endian.
///
/// All failures are std::runtime_error with the text `[OPERATION] FILE: what, with the numbers`.
class ByteReader {
 public:
  /// `where` is "[OPERATION] FILE".
  ByteReader(std::shared_ptr<Buffer> buffer, std::string where)
      : ByteReader(buffer, buffer->size(), std::move(where)) {}
  /// The buffer's first `size` bytes.
  ByteReader(std::shared_ptr<Buffer> buffer, size_t size, std::string where)
      : buffer_(std::move(buffer)), where_(std::move(where)), end_(size) {}

  /// Bytes begin to begin + size of the same file. The caller has checked that they are there.
  ByteReader part(size_t begin, size_t size, const std::string& inside) const {
    ByteReader out(buffer_, where_ + ": " + inside);
    out.position_ = begin;
    out.end_ = begin + size;
    return out;
  }

  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }
  const std::string& where() const { return where_; }
  size_t position() const { return position_; }
  size_t end() const { return end_; }
  size_t left() const { return end_ - position_; }

  /// The next n bytes, which stay where they are. `what` says what they are to be.
  std::string_view take(uint64_t n, const char* what) {
    if (n > left()) {
      fail("{} needs {} bytes at byte {}, and {} are left; the file is cut off or damaged", what, n,
           position_, left());
    }
    const std::string_view out(data() + position_, size_t(n));
    position_ += size_t(n);
    return out;
  }

  template <typename T>
  T number(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  /// Moves to a byte counted from the start of the file.
  void seek(uint64_t position, const char* what) {
    if (position > end_) fail("{} is at byte {}, but the file ends at {}", what, position, end_);
    position_ = size_t(position);
  }

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw std::runtime_error(
        fmt::format("{}: {}", where_, fmt::format(text, std::forward<Args>(args)...)));
  }

 private:
  const char* data() const { return static_cast<const char*>(std::as_const(*buffer_).data()); }

  std::shared_ptr<Buffer> buffer_;
  std::string where_;
  size_t position_ = 0;
  size_t end_;
};

}  // namespace quern
