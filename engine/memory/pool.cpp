#include "engine/memory/pool.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <tuple>
#include <utility>

namespace quern {

#if defined(__SANITIZE_ADDRESS__)

// So that the sanitizer sees every object by itself.
void* take_pooled(size_t size) { return ::operator new(size, std::align_val_t(64)); }
void release_pooled(void* block, size_t) noexcept {
  ::operator delete(block, std::align_val_t(64));
}

#else

namespace {

constexpr size_t step = 64;  // so that no two threads' blocks share a cache line
constexpr size_t sizes = largest_pooled / step;
constexpr uint32_t batch_blocks = 64;

/// A free block: the next one of its stack and, in the first of a stack that nobody owns, the next
/// stack and how many blocks this one has.
struct Block {
  Block* next;
  Block* next_stack;
  uint32_t count;
};

/// The stacks that threads trade.
class Depot {
 public:
  static Depot& instance() {
    static Depot* depot = new Depot;  // as long as any thread
    return *depot;
  }

  void put(size_t k, Block* stack, uint32_t count) noexcept {
    stack->count = count;
    const std::lock_guard lock(mutex_);
    stack->next_stack = std::exchange(stacks_[k], stack);
  }

  /// At least one block, and how many it is.
  std::pair<Block*, uint32_t> take(size_t k) {
    {
      const std::lock_guard lock(mutex_);
      if (Block* stack = stacks_[k]) {
        stacks_[k] = stack->next_stack;
        return {stack, stack->count};
      }
    }
    const size_t bytes = (k + 1) * step;
    auto* memory = static_cast<char*>(::operator new(batch_blocks* bytes, std::align_val_t(step)));
    Block* top = nullptr;
    for (uint32_t i = batch_blocks; i-- > 0;) top = new (memory + i * bytes) Block{top, nullptr, 0};
    return {top, batch_blocks};
  }

 private:
  std::mutex mutex_;
  std::array<Block*, sizes> stacks_{};
};

/// A thread's free blocks of one size: a stack of up to a batch, and perhaps another whole batch.
struct Stock {
  Block* top;
  Block* spare;
  uint32_t count;
};

// Without a destructor, for they are still used when the thread's other objects go.
thread_local constinit std::array<Stock, sizes> stocks{};
enum class Thread : uint8_t { unknown, known, ending };
thread_local constinit Thread thread = Thread::unknown;

/// Leaves a thread's stock to the others when it ends.
struct Heirloom {
  Heirloom() { thread = Thread::known; }
  ~Heirloom() {
    thread = Thread::ending;
    for (size_t k = 0; k < sizes; ++k) {
      const Stock stock = std::exchange(stocks[k], {});
      if (stock.top) Depot::instance().put(k, stock.top, stock.count);
      if (stock.spare) Depot::instance().put(k, stock.spare, batch_blocks);
    }
  }
};

void know_thread() {
  if (thread != Thread::unknown) return;
  thread_local Heirloom heirloom;
}

size_t size_class(size_t size) { return size == 0 ? 0 : (size - 1) / step; }

void refill(Stock& stock, size_t k) {
  know_thread();
  if (stock.spare) {
    stock.top = std::exchange(stock.spare, nullptr);
    stock.count = batch_blocks;
  } else {
    std::tie(stock.top, stock.count) = Depot::instance().take(k);
  }
}

}  // namespace

void* take_pooled(size_t size) {
  const size_t k = size_class(size);
  if (thread == Thread::ending) {
    return ::operator new((k + 1) * step, std::align_val_t(step));
  }
  Stock& stock = stocks[k];
  if (!stock.top) refill(stock, k);
  Block* block = stock.top;
  stock.top = block->next;
  --stock.count;
  return block;
}

void release_pooled(void* memory, size_t size) noexcept {
  const size_t k = size_class(size);
  Stock& stock = stocks[k];
  if (stock.count == 0) {
    if (thread == Thread::ending)
      return Depot::instance().put(k, new (memory) Block{nullptr, nullptr, 1}, 1);
    know_thread();
  } else if (stock.count == batch_blocks) {
    if (stock.spare) Depot::instance().put(k, stock.spare, batch_blocks);
    stock.spare = std::exchange(stock.top, nullptr);
    stock.count = 0;
  }
  stock.top = new (memory) Block{stock.top, nullptr, 0};
  ++stock.count;
}

#endif

}  // namespace quern
