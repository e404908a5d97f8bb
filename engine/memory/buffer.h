#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>

namespace quern {

/// An allocation that does not fit below the memory limit or that the system refused.
class OutOfMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A block of memory that arrays share: from the allocator, or somebody else's (a mapped file).
/// Which device holds a valid copy is recorded here once there is more than one.
class Buffer {
  struct Passkey {};

 public:
  /// At least `size` bytes, aligned to 64. Throws OutOfMemory.
  static std::shared_ptr<Buffer> allocate(size_t size);

  /// Memory that belongs to someone else and is only read; `release` runs when the last array over
  /// it is gone.
  static std::shared_ptr<Buffer> borrow(void* data, size_t size, std::function<void()> release);

  Buffer(Passkey, void* data, size_t size, bool owned, std::function<void()> release)
      : data_(data), size_(size), owned_(owned), release_(std::move(release)) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  void* data() { return data_; }
  const void* data() const { return data_; }
  size_t size() const { return size_; }

  /// Whether a kernel may write its result over this buffer's contents.
  bool reusable() const { return owned_; }

 private:
  void* data_;
  size_t size_;
  bool owned_;
  std::function<void()> release_;
};

}  // namespace quern
