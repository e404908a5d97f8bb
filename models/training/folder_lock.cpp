#include "models/training/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "models/error.h"

namespace quern::models {

FolderLock::FolderLock(const std::filesystem::path& folder)
    : file_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (file_ < 0) {
    throw ModelError(
        fmt::format("[train] {}: {}", folder.string(), std::generic_category().message(errno)),
        "Choose a folder that can be read and written to.");
  }
  // A file system without locks has none to hold against anybody.
  if (flock(file_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  close(file_);
  throw ModelError(fmt::format("[train] {}: another program is training into it", folder.string()),
                   "Wait until it has ended, or choose another folder.");
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

}  // namespace quern::models
