#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/graph/priority.h"
#include "engine/graph/sleeping_thread.h"

namespace quern::cpu {

/// Threads that share one loop at a time with the thread that calls for it: forked and joined per
/// loop. They look out for the next one for a while before they sleep.
class Crew {
 public:
  using Body = void (*)(void* context, size_t begin, size_t end);

  /// `size` threads with their caller, of a priority.
  Crew(int size, Priority priority);

  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// As ThreadPool::parallel_for. On the calling thread alone when the crew has a loop already:
  /// another thread's, or one around this one.
  void run(size_t n, size_t grain, void* context, Body body);

 private:
  void work(std::atomic<SleepingThread*>& place);
  void take_chunks();
  void wake_sleepers();

  // The gate: loop number in the high half, an open bit, and how many workers entered.
  static constexpr uint64_t open_bit = uint64_t(1) << 31;
  static constexpr uint64_t entered_mask = open_bit - 1;

  const size_t size_;
  std::vector<std::atomic<SleepingThread*>> sleepers_;  ///< of each thread, once it runs
  std::vector<std::thread> threads_;
  std::atomic<bool> busy_{false};
  std::atomic<int> asleep_{0};
  alignas(64) std::atomic<uint64_t> gate_{0};
  alignas(64) std::atomic<uint32_t> ticket_{0};  ///< changes with each loop: what sleepers wait on
  alignas(64) std::atomic<size_t> next_{0};
  alignas(64) std::atomic<uint32_t> left_{0};  ///< workers that entered and are done
  size_t n_ = 0;
  size_t grain_ = 1;
  void* context_ = nullptr;
  Body body_ = nullptr;
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

/// The process's compute threads: one per physical core, shared by all streams. Streams of normal
/// priority share one crew: of two of their loops at a time, one runs on its caller alone. Loops of
/// a background thread have a crew of their own, of background threads too, which the system lets
/// run on processors that nobody else wants: progress for all, without oversubscription.
class ThreadPool {
 public:
  static ThreadPool& instance();

  /// Threads that a loop may use, the caller included; at least 1.
  int size() const { return size_; }

  /// Calls f(begin, end) for disjoint ranges that cover [0, n), each a multiple of `grain` elements
  /// but for the last one. Returns when all are done; rethrows the first exception.
  template <typename F>
  void parallel_for(size_t n, size_t grain, F&& f) {
    if (n == 0) return;
    if (n <= grain || size_ == 1) {
      f(size_t(0), n);
      return;
    }
    using Function = std::remove_reference_t<F>;
    crew().run(n, grain, const_cast<void*>(static_cast<const void*>(&f)),
               [](void* context, size_t begin, size_t end) {
                 (*static_cast<Function*>(context))(begin, end);
               });
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

 private:
  explicit ThreadPool(int size) : size_(size), normal_(size, Priority::normal) {}
  /// The calling thread's.
  Crew& crew();

  const int size_;
  Crew normal_;
};

/// ThreadPool::instance().parallel_for(...).
template <typename F>
void parallel_for(size_t n, size_t grain, F&& f) {
  ThreadPool::instance().parallel_for(n, grain, std::forward<F>(f));
}

}  // namespace quern::cpu
