#pragma once

#include <cstddef>
#include <cstdint>
#include <ios>
#include <memory>
#include <string>

#include "engine/io/byte_reader.h"
#include "engine/io/byte_sink.h"

namespace quern::io {

// Where files of arrays come from and go to, when it is not a file: a program's own classes. Their
// functions may throw; what they throw reaches the caller of load or save.

class Reader {
 public:
  virtual ~Reader() = default;
  virtual bool is_open() const = 0;
  virtual bool good() const = 0;  ///< whether nothing has failed so far
  virtual size_t tell() = 0;
  virtual void seek(int64_t offset, std::ios_base::seekdir way = std::ios_base::beg) = 0;
  virtual void read(char* data, size_t n) = 0;
  virtual void read(char* data, size_t n, size_t offset) = 0;
  virtual std::string label() const = 0;  ///< what messages call it
};

class Writer {
 public:
  virtual ~Writer() = default;
  virtual bool is_open() const = 0;
  virtual bool good() const = 0;
  virtual size_t tell() = 0;
  virtual void seek(int64_t offset, std::ios_base::seekdir way = std::ios_base::beg) = 0;
  virtual void write(const char* data, size_t n) = 0;
  virtual std::string label() const = 0;
};

/// All that lies between a reader's position and its end, in memory. Throws std::runtime_error,
/// `[operation] LABEL: ...`, when it is not open or reading fails.
ByteReader read_all(Reader& reader, const std::string& operation);

/// A writer as what the formats write to.
class WriterSink final : public ByteSink {
 public:
  /// Throws std::runtime_error when it is not open.
  WriterSink(Writer& writer, const std::string& operation);
  /// Throws std::runtime_error when the writer is no longer good.
  void write(const void* data, size_t size) override;

 private:
  Writer& writer_;
  const std::string where_;
};

}  // namespace quern::io
