#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "engine/memory/pool.h"

namespace quern {

/// The process's array memory: a cache of freed blocks in front of the system's allocator, and the
/// counts behind memory.h. Blocks are reused when they are at most a quarter larger than asked;
/// what has lain there longest goes back to the system first.
class Allocator {
 public:
  struct Block {
    void* data;
    size_t size;
  };

  static Allocator& instance();

  /// How large a new block for so many bytes is.
  static size_t block_size(size_t wanted);

  Block allocate(size_t size);
  void release(Block block);

  size_t active();
  size_t peak();
  size_t cached();
  void reset_peak();
  size_t set_memory_limit(size_t limit);
  size_t memory_limit();
  size_t set_cache_limit(size_t limit);
  size_t set_wired_limit(size_t limit);
  void clear_cache();

 private:
  /// A cached block of less than a page, which holds the link to the next of its size.
  struct Small {
    Small* next;
  };
  using BlocksBySize =
      std::multimap<size_t, void*, std::less<>, PoolAllocator<std::pair<const size_t, void*>>>;
  /// A cached block of a page or more: its neighbours in the order in which they were released.
  struct Large {
    BlocksBySize::iterator place;
    Large* older;
    Large* newer;
  };
  static constexpr size_t alignment = 64;
  static constexpr size_t page = 4096;

  Allocator();
  void keep(Block block);
  void forget(Large* block);
  void trim_cache(size_t limit);
  void* take_cached(size_t& size);
  void* take_small(size_t& size);
  void* take_large(size_t& size);

  std::mutex mutex_;
  std::array<Small*, page / alignment> small_{};  ///< by size / alignment
  BlocksBySize large_;
  Large* oldest_ = nullptr;
  Large* newest_ = nullptr;
  size_t active_ = 0;
  size_t peak_ = 0;
  size_t cached_ = 0;
  size_t memory_limit_;
  size_t cache_limit_;
  size_t wired_limit_ = 0;
};

}  // namespace quern
