#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace quern {

AtomicFile::AtomicFile(std::filesystem::path destination) : destination_(std::move(destination)) {
  std::error_code none;
  const std::filesystem::file_status status = std::filesystem::status(destination_, none);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    file_ = ::open(destination_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail("write");
    return;
  }
  if (std::filesystem::is_symlink(destination_, none)) {
    const std::filesystem::path linked = std::filesystem::weakly_canonical(destination_, none);
    if (!none) destination_ = linked;
  }
  static std::atomic<unsigned> count{0};
  aside_ = destination_;
  aside_ += fmt::format(".{}-{}.part", ::getpid(), count++);
  file_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail("create");
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

void AtomicFile::write(const void* data, size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file_, from, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("write");
    }
    from += written;
    size -= size_t(written);
  }
}

void AtomicFile::commit() {
  if (aside_.empty()) {
    if (::close(std::exchange(file_, -1)) != 0) fail("write");
    return;
  }
  if (::fsync(file_) != 0) fail("write");
  if (::rename(aside_.c_str(), destination_.c_str()) != 0) fail("replace");
  ::close(file_);
  file_ = -1;
  // The rename itself is only lasting once its folder is on disk; not every file system can do
  // that.
  const std::filesystem::path folder = destination_.parent_path();
  const int directory =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

void AtomicFile::fail(const char* doing) const {
  const int error = errno;
  const char* advice =
      error == ENOSPC || error == EDQUOT ? "; free some space or choose another folder" : "";
  throw std::runtime_error(fmt::format("[save] cannot {} {}: {}{}", doing, destination_.string(),
                                       std::generic_category().message(error), advice));
}

}  // namespace quern
