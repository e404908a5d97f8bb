#include "engine/graph/priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/graph/scheduler.h"

namespace quern {

namespace {

thread_local Priority own_priority = Priority::normal;

}  // namespace

Stream background_stream(Device d) {
  return Scheduler::instance().default_stream(d, Priority::background);
}

Priority thread_priority() { return own_priority; }

void enter_background() {
  own_priority = Priority::background;
  // With SCHED_IDLE a thread that wakes up with any other policy takes the processor at once; where
  // that is not to be had, the highest nice value comes nearest.
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_IDLE, &none) == 0) return;
  setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), 19);
}

}  // namespace quern
