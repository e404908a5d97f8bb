#include "engine/io/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <system_error>

namespace quern {

namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& path, int error) {
  throw std::runtime_error(fmt::format("[open] cannot {} {}: {}", doing, path.string(),
                                       std::generic_category().message(error)));
}

/// The file at an address where large pages can begin. Decoding a token reads every weight once,
/// and looking up small pages takes as long as reading them: systems that keep files in large pages
/// may use these. MAP_FAILED, with errno, when it cannot be mapped.
void* map(int file, size_t size) {
  constexpr size_t large_page = size_t(1) << 21;
  if (size < large_page) return ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const size_t room = size + large_page;
  void* reserved =
      ::mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return reserved;
  const auto begin = reinterpret_cast<uintptr_t>(reserved);
  const uintptr_t first = (begin + large_page - 1) / large_page * large_page;
  const auto page = uintptr_t(::sysconf(_SC_PAGESIZE));
  const uintptr_t end = (first + size + page - 1) / page * page;
  void* data =
      ::mmap(reinterpret_cast<void*>(first), size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
  if (data == MAP_FAILED) {
    const int error = errno;
    ::munmap(reserved, room);
    errno = error;
    return data;
  }
  if (first > begin) ::munmap(reserved, first - begin);
  if (end < begin + room) ::munmap(reinterpret_cast<void*>(end), begin + room - end);
#ifdef MADV_HUGEPAGE
  ::madvise(data, size, MADV_HUGEPAGE);
#endif
  return data;
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
  void* data = map(file, size);
  const int error = errno;
  ::close(file);
  if (data == MAP_FAILED) fail("map", path, error);
  buffer_ = Buffer::borrow(data, size, [data, size] { ::munmap(data, size); });
}

}  // namespace quern
