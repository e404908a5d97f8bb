#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace quern {

// Memory for the small objects that graphs are made of: nodes, primitives, what the copies of an
// array share. The thread that builds makes them and mostly the one that computes lets them go, for
// which a general allocator locks and searches. Here each thread keeps free blocks to itself and
// trades them with the others by the batch. What was once taken stays in the pool.

/// Objects larger than this come from operator new.
inline constexpr size_t largest_pooled = 512;

/// A block of at least `size` bytes, at most largest_pooled, aligned to 64. Throws std::bad_alloc.
void* take_pooled(size_t size);

/// Gives back what take_pooled returned for the same size, on any thread.
void release_pooled(void* block, size_t size) noexcept;

/// The pool as a standard allocator.
template <typename T>
struct PoolAllocator {
  static_assert(alignof(T) <= 64);
  using value_type = T;

  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>&) {}

  T* allocate(size_t n) {
    const size_t bytes = n * sizeof(T);
    return static_cast<T*>(bytes <= largest_pooled
                               ? take_pooled(bytes)
                               : ::operator new(bytes, std::align_val_t(alignof(T))));
  }
  void deallocate(T* block, size_t n) noexcept {
    if (n * sizeof(T) <= largest_pooled)
      release_pooled(block, n * sizeof(T));
    else
      ::operator delete(block, std::align_val_t(alignof(T)));
  }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

/// std::make_shared with memory from the pool.
template <typename T, typename... Arguments>
std::shared_ptr<T> make_pooled(Arguments&&... arguments) {
  return std::allocate_shared<T>(PoolAllocator<T>(), std::forward<Arguments>(arguments)...);
}

}  // namespace quern
