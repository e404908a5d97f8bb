#include "engine/io/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace quern {

namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& path, int error) {
  throw std::runtime_error(fmt::format("[open] cannot {} {}: {}", doing, path.string(),
                                       std::generic_category().message(error)));
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("open", path, errno);
  struct stat status {};
  if (::fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(file);
    fail("read", path, error);
  }
  const auto size = size_t(status.st_size);
  if (size == 0) {
    ::close(file);
    buffer_ = Buffer::borrow(nullptr, 0, nullptr);
    return;
  }
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  ::close(file);
  if (data == MAP_FAILED) fail("map", path, error);
  buffer_ = Buffer::borrow(data, size, [data, size] { ::munmap(data, size); });
}

}  // namespace quern
