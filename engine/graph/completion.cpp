#include "engine/graph/completion.h"

#include <algorithm>
#include <utility>

#include "engine/graph/spin.h"

namespace quern {

void Completion::wait(uint32_t step) {
  // Looking takes the line away from whoever advances: ever less often, up to about a microsecond.
  constexpr int longest_pause = 64;
  int pause = 1;
  for (int spins = 0; done_.load(std::memory_order_acquire) <= step; spins += pause) {
    if (spins >= spins_before_sleep) {
      sleep_until_past(step);
      break;
    }
    pause = std::min(2 * pause, longest_pause);
    for (int i = 0; i < pause; ++i) spin_pause();
    // The system may well have chosen this processor for the very thread that is waited for.
    if (pause == longest_pause) std::this_thread::yield();
  }
  if (failed_.load(std::memory_order_acquire) && step >= failed_at_) std::rethrow_exception(error_);
}

// The sleeper says what it waits for and then looks once more, advance() says what is done and then
// looks who waits: in one order for all, so that one of them sees the other.
void Completion::sleep_until_past(uint32_t step) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (awaited_.load(std::memory_order_relaxed) > step) awaited_.store(step);
    if (done_.load() > step) return;
    wake_.wait(lock);
  }
}

void Completion::advance(uint32_t done) {
  done_.store(done);
  if (done <= awaited_.load()) return;
  {
    const std::lock_guard lock(mutex_);
    awaited_.store(finished);  // those who have to sleep on say so again
  }
  wake_.notify_all();
}

void Completion::fail(std::exception_ptr error) {
  failed_at_ = done_.load(std::memory_order_relaxed);
  error_ = std::move(error);
  failed_.store(true, std::memory_order_release);
  advance(finished);
}

}  // namespace quern
