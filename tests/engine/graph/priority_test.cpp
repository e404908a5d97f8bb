#include "engine/graph/priority.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/host_function.h"

namespace quern {
namespace {

/// What an operation of a stream finds its thread to be.
struct Ran {
  Priority priority;
  int policy;
};

Ran run_on(StreamOrDevice s) {
  Ran ran{};
  array out = host_function(
      [&](const Arrays&, Arrays& to) {
        ran = {thread_priority(), sched_getscheduler(0)};
        to[0].data<float>()[0] = 1;
      },
      {}, {{1}}, {float32}, s)[0];
  out.eval();
  return ran;
}

TEST(Priority, TheBackgroundStreamsThreadGivesWay) {
  const Ran ran = run_on(background_stream(Device::cpu));
  EXPECT_EQ(ran.priority, Priority::background);
  EXPECT_NE(ran.policy, SCHED_OTHER);
  const Ran other = run_on(Device::cpu);
  EXPECT_EQ(other.priority, Priority::normal);
  EXPECT_EQ(other.policy, SCHED_OTHER);
}

TEST(Priority, ThereIsOneBackgroundStreamAndItIsNobodysDefault) {
  const Stream background = background_stream(Device::cpu);
  EXPECT_EQ(background, background_stream(Device::cpu));
  EXPECT_NE(background, default_stream(Device::cpu));
  const std::vector<Stream> all = get_streams();
  EXPECT_EQ(std::count(all.begin(), all.end(), background), 1);
}

TEST(Priority, AScopeSendsItsOperationsToTheBackground) {
  const array one(1.0f);
  array sum = one;
  {
    StreamContext background(background_stream(default_device()));
    EXPECT_EQ(run_on({}).priority, Priority::background);
    for (int i = 0; i < 10; ++i) sum = add(sum, one);
  }
  EXPECT_EQ(run_on({}).priority, Priority::normal);
  EXPECT_EQ(add(sum, one).item<float>(), 12);
}

}  // namespace
}  // namespace quern
