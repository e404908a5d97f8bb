#include "engine/graph/completion.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace quern {
namespace {

TEST(Completion, WaitersOnDifferentStepsWakeWhenTheirsHasRun) {
  Completion completion;
  std::vector<std::thread> waiters;
  std::atomic<uint32_t> running{0};
  for (uint32_t step = 0; step < 8; ++step) {
    waiters.emplace_back([&, step] {
      completion.wait(step);
      EXPECT_GE(running, step + 1);
      EXPECT_TRUE(completion.reached(step));
    });
  }
  for (uint32_t step = 1; step <= 8; ++step) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough for all to sleep
    running = step;
    completion.advance(step);
  }
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_FALSE(completion.reached(8));
}

TEST(Completion, AFailureWakesAllAndReachesThoseBehindIt) {
  Completion completion;
  completion.advance(2);
  std::vector<std::thread> waiters;
  for (uint32_t step = 2; step < 6; ++step) {
    waiters.emplace_back(
        [&, step] { EXPECT_THROW(completion.wait(step), std::runtime_error) << step; });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  completion.fail(std::make_exception_ptr(std::runtime_error("no")));
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_NO_THROW(completion.wait(1));
}

}  // namespace
}  // namespace quern
