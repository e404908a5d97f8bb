#include "engine/graph/completion.h"

#include "engine/graph/spin.h"

namespace quern {

void Completion::wait(uint32_t step) const {
  uint32_t done = 0;
  spin_until([&] {
    done = done_.load(std::memory_order_acquire);
    return done > step;
  });
  while (done <= step) {
    done_.wait(done, std::memory_order_acquire);
    done = done_.load(std::memory_order_acquire);
  }
  if (failed_.load(std::memory_order_acquire) && step >= failed_at_) std::rethrow_exception(error_);
}

void Completion::advance(uint32_t done) {
  // Not a mere store: it must not come after the look for waiters.
  done_.exchange(done, std::memory_order_seq_cst);
  done_.notify_all();
}

void Completion::fail(std::exception_ptr error) {
  failed_at_ = done_.load(std::memory_order_relaxed);
  error_ = std::move(error);
  failed_.store(true, std::memory_order_release);
  advance(finished);
}

}  // namespace quern
