#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

namespace quern {

/// How far a batch of steps on a stream has come. Whoever runs the batch advances it; anyone may
/// wait.
class Completion {
 public:
  /// Whether `step` has run without an error. A batch that failed says no for all its steps: wait()
  /// tells which.
  bool reached(uint32_t step) const {
    const uint32_t done = done_.load(std::memory_order_acquire);
    return done > step && done != finished;
  }

  /// Blocks until `step` has run. When the batch failed at or before that step, rethrows its error.
  void wait(uint32_t step);

  void advance(uint32_t done);
  void fail(std::exception_ptr error);

 private:
  static constexpr uint32_t finished = UINT32_MAX;

  void sleep_until_past(uint32_t step);

  // On a line of its own with what is compared with it at each step.
  alignas(64) std::atomic<uint32_t> done_{0};
  std::atomic<uint32_t> awaited_{finished};  ///< the first step that someone sleeps until
  std::atomic<bool> failed_{false};
  uint32_t failed_at_ = 0;
  std::exception_ptr error_;
  std::mutex mutex_;  // for those who sleep
  std::condition_variable wake_;
};

}  // namespace quern
