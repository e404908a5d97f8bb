#pragma once

#include <filesystem>

namespace quern::models {

/// While it exists, no other one, in this process or another, is on the same folder. It leaves no
/// file, and ends with the process however that ends.
class FolderLock {
 public:
  /// Throws ModelError when another one is on the folder, or there is no such folder.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int file_ = -1;
};

}  // namespace quern::models
