#include "engine/memory/allocator.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "engine/memory/buffer.h"
#include "engine/memory/memory.h"

namespace quern {

namespace {

// Large blocks ask for large pages: fewer faults when they are first written, and fewer misses of
// the translation buffer ever after.
void* from_system(size_t alignment, size_t size) {
  constexpr size_t large_page = size_t(1) << 21;
  if (size < 2 * large_page) return std::aligned_alloc(alignment, size);
  void* data = nullptr;
  if (posix_memalign(&data, large_page, size) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  madvise(data, size / large_page * large_page, MADV_HUGEPAGE);
#endif
  return data;
}

size_t physical_memory() {
  return size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE));
}

}  // namespace

// Few distinct sizes, so that freed blocks fit later requests.
size_t Allocator::block_size(size_t wanted) {
  const size_t step = wanted < page ? alignment : page;
  return std::max(alignment, (wanted + step - 1) / step * step);
}

Allocator& Allocator::instance() {
  // Never destroyed: arrays in static storage may outlive any destructor order.
  static Allocator* allocator = new Allocator;
  return *allocator;
}

Allocator::Allocator()
    : memory_limit_(physical_memory() / 10 * 9), cache_limit_(physical_memory() / 16) {}

void* Allocator::take_small(size_t& size) {
  for (size_t fit = size; fit < page && fit <= size + size / 4; fit += alignment) {
    Small*& first = small_[fit / alignment];
    if (!first || active_ + fit > memory_limit_) continue;
    size = fit;
    return std::exchange(first, first->next);
  }
  return nullptr;
}

void* Allocator::take_large(size_t& size) {
  auto found = large_.lower_bound(size);
  if (found == large_.end() || found->first > size + size / 4) return nullptr;
  if (active_ + found->first > memory_limit_) return nullptr;
  // Of equally large ones the last that was used: some of it may be in the processor's caches.
  found = std::prev(large_.upper_bound(found->first));
  void* data = found->second;
  size = found->first;
  forget(static_cast<Large*>(data));
  return data;
}

/// Takes a block out of the lists.
void Allocator::forget(Large* block) {
  (block->older ? block->older->newer : oldest_) = block->newer;
  (block->newer ? block->newer->older : newest_) = block->older;
  large_.erase(block->place);
}

void* Allocator::take_cached(size_t& size) {
  void* data = size < page ? take_small(size) : take_large(size);
  if (data) cached_ -= size;
  return data;
}

Allocator::Block Allocator::allocate(size_t wanted) {
  size_t size = block_size(wanted);
  std::unique_lock lock(mutex_);
  if (size < wanted || active_ + size > memory_limit_) {
    trim_cache(0);
    throw OutOfMemory(fmt::format(
        "[allocate] {} bytes do not fit: {} bytes are in use and the limit is {}; free memory or "
        "raise the limit",
        wanted, active_, memory_limit_));
  }
  void* data = take_cached(size);
  if (!data) {
    if (active_ + cached_ + size > memory_limit_) trim_cache(memory_limit_ - active_ - size);
    lock.unlock();
    data = from_system(alignment, size);
    lock.lock();
    if (!data) {
      trim_cache(0);
      data = from_system(alignment, size);
    }
    if (!data) {
      throw OutOfMemory(fmt::format(
          "[allocate] the system has no {} bytes left: {} bytes are in use and the limit is {}",
          wanted, active_, memory_limit_));
    }
  }
  active_ += size;
  peak_ = std::max(peak_, active_);
  return {data, size};
}

void Allocator::release(Block block) {
  std::unique_lock lock(mutex_);
  active_ -= block.size;
  if (block.size > cache_limit_) {
    lock.unlock();
    std::free(block.data);
    return;
  }
  keep(block);
  trim_cache(cache_limit_);
}

void Allocator::keep(Block block) {
  cached_ += block.size;
  if (block.size < page) {
    Small*& first = small_[block.size / alignment];
    first = new (block.data) Small{first};
  } else {
    auto* kept = new (block.data) Large{large_.emplace(block.size, block.data), newest_, nullptr};
    (newest_ ? newest_->newer : oldest_) = kept;
    newest_ = kept;
  }
}

// The oldest of the large ones go first: whoever used them does something else now. Small ones are
// never much.
void Allocator::trim_cache(size_t limit) {
  while (cached_ > limit && oldest_) {
    Large* block = oldest_;
    cached_ -= block->place->first;
    forget(block);
    std::free(block);
  }
  for (size_t k = small_.size(); k-- > 0 && cached_ > limit;) {
    while (cached_ > limit && small_[k]) {
      std::free(std::exchange(small_[k], small_[k]->next));
      cached_ -= k * alignment;
    }
  }
}

size_t Allocator::active() { return std::lock_guard(mutex_), active_; }
size_t Allocator::peak() { return std::lock_guard(mutex_), peak_; }
size_t Allocator::cached() { return std::lock_guard(mutex_), cached_; }
size_t Allocator::memory_limit() { return std::lock_guard(mutex_), memory_limit_; }

void Allocator::reset_peak() {
  std::lock_guard lock(mutex_);
  peak_ = active_;
}

size_t Allocator::set_memory_limit(size_t limit) {
  std::lock_guard lock(mutex_);
  return std::exchange(memory_limit_, limit);
}

size_t Allocator::set_wired_limit(size_t limit) {
  std::lock_guard lock(mutex_);
  return std::exchange(wired_limit_, limit);
}

size_t Allocator::set_cache_limit(size_t limit) {
  std::lock_guard lock(mutex_);
  trim_cache(limit);
  return std::exchange(cache_limit_, limit);
}

void Allocator::clear_cache() {
  std::lock_guard lock(mutex_);
  trim_cache(0);
}

size_t get_active_memory() { return Allocator::instance().active(); }
size_t get_peak_memory() { return Allocator::instance().peak(); }
void reset_peak_memory() { Allocator::instance().reset_peak(); }
size_t get_cache_memory() { return Allocator::instance().cached(); }
size_t set_memory_limit(size_t limit) { return Allocator::instance().set_memory_limit(limit); }
size_t get_memory_limit() { return Allocator::instance().memory_limit(); }
size_t set_cache_limit(size_t limit) { return Allocator::instance().set_cache_limit(limit); }
size_t set_wired_limit(size_t limit) { return Allocator::instance().set_wired_limit(limit); }
void clear_cache() { Allocator::instance().clear_cache(); }

}  // namespace quern
