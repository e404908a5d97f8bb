#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>

namespace quern {

/// How far a batch of steps on a stream has come. The stream's worker advances it; anyone may wait.
class Completion {
 public:
  /// Whether `step` has run without an error. A batch that failed says no for all its steps: wait()
  /// tells which.
  bool reached(uint32_t step) const {
    const uint32_t done = done_.load(std::memory_order_acquire);
    return done > step && done != finished;
  }

  /// Blocks until `step` has run. When the batch failed at or before that step, rethrows its error.
  void wait(uint32_t step) const;

  void advance(uint32_t done);
  void fail(std::exception_ptr error);

 private:
  static constexpr uint32_t finished = UINT32_MAX;

  std::atomic<uint32_t> done_{0};
  std::atomic<bool> failed_{false};
  uint32_t failed_at_ = 0;
  std::exception_ptr error_;
};

}  // namespace quern
