#pragma once

#include <cstddef>
#include <memory>

#include "engine/memory/buffer.h"

namespace quern::cpu {

/// Working memory of a kernel: uninitialised elements from the allocator's cache, which counts
/// them.
template <typename T>
class Scratch {
 public:
  /// Throws OutOfMemory.
  explicit Scratch(size_t n) : buffer_(Buffer::allocate(n * sizeof(T))) {}

  T* data() { return static_cast<T*>(buffer_->data()); }
  const T* data() const { return static_cast<const T*>(buffer_->data()); }

 private:
  std::shared_ptr<Buffer> buffer_;
};

}  // namespace quern::cpu
