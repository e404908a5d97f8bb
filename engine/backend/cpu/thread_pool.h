#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <type_traits>
#include <vector>

namespace quern::cpu {

/// The process's compute threads: one per physical core, shared by all streams, forked and joined
/// per loop. The caller takes part. A loop that finds the pool busy with another stream's runs on
/// its caller alone: progress for both, without oversubscription.
class ThreadPool {
 public:
  static ThreadPool& instance();

  /// Threads that a loop may use, the caller included; at least 1.
  int size() const { return int(threads_.size()) + 1; }

  /// Calls f(begin, end) for disjoint ranges that cover [0, n), each of at least `grain` elements
  /// but for the last one. Returns when all are done; rethrows the first exception.
  template <typename F>
  void parallel_for(size_t n, size_t grain, F&& f) {
    if (n == 0) return;
    if (n <= grain || threads_.empty()) {
      f(size_t(0), n);
      return;
    }
    using Function = std::remove_reference_t<F>;
    run(n, grain, &f, [](void* context, size_t begin, size_t end) {
      (*static_cast<Function*>(context))(begin, end);
    });
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

 private:
  using Body = void (*)(void* context, size_t begin, size_t end);

  explicit ThreadPool(int size);
  void run(size_t n, size_t grain, const void* context, Body body);
  void work();
  void take_chunks();

  // The gate: loop number in the high half, an open bit, and how many workers entered.
  static constexpr uint64_t open_bit = uint64_t(1) << 31;
  static constexpr uint64_t entered_mask = open_bit - 1;

  std::atomic<bool> busy_{false};
  std::vector<std::thread> threads_;
  alignas(64) std::atomic<uint64_t> gate_{0};
  alignas(64) std::atomic<uint32_t> ticket_{0};  ///< changes with each loop: what sleepers wait on
  alignas(64) std::atomic<size_t> next_{0};
  alignas(64) std::atomic<uint32_t> left_{0};
  size_t n_ = 0;
  size_t chunk_ = 1;
  void* context_ = nullptr;
  Body body_ = nullptr;
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

/// ThreadPool::instance().parallel_for(...).
template <typename F>
void parallel_for(size_t n, size_t grain, F&& f) {
  ThreadPool::instance().parallel_for(n, grain, std::forward<F>(f));
}

}  // namespace quern::cpu
