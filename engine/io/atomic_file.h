#pragma once

#include <cstddef>
#include <filesystem>

#include "engine/io/byte_sink.h"

namespace quern {

/// Writes a file that appears whole or not at all: the bytes go to a file beside it, which commit()
/// syncs and renames over the destination. Without a commit nothing is left behind. A link is
/// followed; what is no file, a device or a pipe, is written to as it is.
///
/// All functions throw std::runtime_error naming the file and the system's reason (a full disk,
/// say).
class AtomicFile final : public ByteSink {
 public:
  explicit AtomicFile(std::filesystem::path destination);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t size) override;
  void commit();

 private:
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path destination_;
  std::filesystem::path aside_;  ///< empty when the destination itself is written to
  int file_ = -1;
};

}  // namespace quern
