#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "engine/memory/buffer.h"

namespace quern {

/// A whole file mapped for reading: opening costs no reading, pages come in as they are used, and
/// arrays over it share it. It stays mapped until the last of them is gone.
class MappedFile {
 public:
  /// Throws std::runtime_error, naming the file and the system's reason.
  explicit MappedFile(const std::filesystem::path& path);

  const std::byte* data() const { return static_cast<const std::byte*>(buffer_->data()); }
  size_t size() const { return buffer_->size(); }
  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }

 private:
  std::shared_ptr<Buffer> buffer_;
};

}  // namespace quern
