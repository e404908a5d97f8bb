#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/byte_reader.h"
#include "engine/io/byte_sink.h"

namespace quern {

// Zip archives (PKWARE's APPNOTE 6.3), as far as .npz files need them: entries that are stored or
// deflated, of any size.

/// Writes an archive entry by entry; what has been added is let go. Throws what the sink does.
class ZipWriter {
 public:
  /// Sizes and offsets from `zip64_from` on are written in 64 bits; the format asks for that from
  /// 2^32 - 1 on.
  explicit ZipWriter(ByteSink& file, uint64_t zip64_from = UINT32_MAX)
      : file_(file), zip64_from_(zip64_from) {}

  /// An entry whose contents are those of `parts`, one after the other. Stored contents begin at a
  /// multiple of 64 bytes, so that they can be used where they lie.
  void add(const std::string& name, const std::vector<std::string_view>& parts, bool compressed);

  /// The directory, without which there is no archive.
  void finish();

 private:
  struct Entry;

  void write(std::string_view bytes);

  ByteSink& file_;
  const uint64_t zip64_from_;
  uint64_t position_ = 0;
  uint64_t count_ = 0;
  std::string directory_;
};

/// An archive, open for reading. Every number in it is checked before it is used.
class ZipReader {
 public:
  /// Throws std::runtime_error when this is no archive, or an encrypted or split one.
  explicit ZipReader(ByteReader file);

  std::vector<std::string> names() const;

  /// The contents of an entry: in the file itself when they are stored, else decompressed. Throws
  /// std::runtime_error for methods other than these two, and when size or checksum are wrong.
  ByteReader read(const std::string& name) const;

 private:
  struct Entry {
    uint16_t flags, method;
    uint32_t checksum;
    uint64_t compressed_size, size, offset;
  };

  void read_directory(uint64_t count, uint64_t offset, uint64_t size);

  ByteReader file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace quern
