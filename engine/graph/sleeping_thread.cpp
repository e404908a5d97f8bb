#include "engine/graph/sleeping_thread.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace quern {

SleepingThread::SleepingThread() : id_(int(syscall(SYS_gettid))) {
  CPU_ZERO(&allowed_);
  sched_getaffinity(0, sizeof(allowed_), &allowed_);
}

void SleepingThread::wake_up() {
  asleep_.store(false, std::memory_order_relaxed);
  if (placed_.exchange(false, std::memory_order_acquire))
    sched_setaffinity(0, sizeof(allowed_), &allowed_);
}

void SleepingThread::place_elsewhere() {
  if (!asleep_.load(std::memory_order_seq_cst)) return;
  const int here = sched_getcpu();
  cpu_set_t others = allowed_;
  if (here < 0 || here >= CPU_SETSIZE) return;
  CPU_CLR(size_t(here), &others);
  if (CPU_COUNT(&others) == 0) return;
  placed_.store(true, std::memory_order_release);
  sched_setaffinity(id_, sizeof(others), &others);
}

}  // namespace quern
