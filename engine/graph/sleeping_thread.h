#pragma once

#include <sched.h>

#include <atomic>

namespace quern {

/// Where a thread wakes up that another one wakes and then works beside: anywhere but on the
/// waker's processor. Left alone, the system often chooses that one, and the two take turns for
/// milliseconds while another idles.
class SleepingThread {
 public:
  /// Made on the thread itself, which may run where it may now.
  SleepingThread();

  /// On the thread: before it sleeps, and after.
  void fall_asleep() { asleep_.store(true, std::memory_order_seq_cst); }
  void wake_up();

  /// On the waker, just before it wakes the thread; does nothing while that is awake. One waker at
  /// a time.
  void place_elsewhere();

 private:
  int id_;
  cpu_set_t allowed_;
  std::atomic<bool> asleep_{false};
  std::atomic<bool> placed_{false};
};

}  // namespace quern
