#include "models/training/data/data_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "models/error.h"

namespace quern::models {

namespace {

constexpr size_t piece_size = size_t(1) << 20;

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw ModelError(fmt::format("[data] {} cannot be read: {}", path.string(),
                               std::generic_category().message(error)),
                   "Check that the file is there and that you may read it.");
}

}  // namespace

DataFile::DataFile(std::filesystem::path path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) fail(path_, errno);
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno != 0 ? errno : EINVAL;
    ::close(file_);
    fail(path_, error);
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

DataFile::~DataFile() { ::close(file_); }

size_t DataFile::read(uint64_t offset, char* to, size_t size) const {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file_, to + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path_, errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

std::string DataFile::read(uint64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  if (read(offset, bytes.data(), size) != size) {
    throw ModelError(fmt::format("[data] {} ends before byte {}, but had {} when it was opened",
                                 path_.string(), offset + size, size_),
                     "Do not change a data file while it is trained on.");
  }
  return bytes;
}

bool ByteStream::fill() {
  buffer_.resize(piece_size);
  const size_t got = file_.read(piece_end_, buffer_.data(), piece_size);
  next_ = buffer_.data();
  end_ = next_ + got;
  piece_end_ += got;
  return got != 0;
}

}  // namespace quern::models
