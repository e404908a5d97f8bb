#include "engine/backend/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

namespace quern::cpu {
namespace {

TEST(ThreadPool, CoversEveryElementOnce) {
  for (const size_t n : {1u, 7u, 64u, 1000u, 100003u}) {
    std::vector<std::atomic<int>> seen(n);
    parallel_for(n, 16, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) ++seen[i];
    });
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(seen[i], 1) << i << " of " << n;
  }
  parallel_for(0, 1, [](size_t, size_t) { FAIL() << "nothing to do"; });
}

TEST(ThreadPool, ManyShortLoopsInARow) {
  std::vector<long> values(64);
  for (int loop = 0; loop < 20000; ++loop) {
    parallel_for(values.size(), 8, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) values[i] += long(i);
    });
  }
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], 20000 * long(i));
}

TEST(ThreadPool, ALoopInsideALoopRuns) {
  std::atomic<int> count{0};
  parallel_for(8, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      parallel_for(10, 1, [&](size_t b, size_t e) { count += int(e - b); });
    }
  });
  EXPECT_EQ(count, 80);
}

TEST(ThreadPool, LoopsFromSeveralThreadsAtATime) {
  std::vector<std::thread> threads;
  std::atomic<long> total{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int loop = 0; loop < 500; ++loop) {
        parallel_for(100, 10, [&](size_t begin, size_t end) { total += long(end - begin); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, 4 * 500 * 100);
}

TEST(ThreadPool, TheFirstExceptionReachesTheCallerAndThePoolGoesOn) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_THROW(parallel_for(1000, 10,
                              [](size_t begin, size_t) {
                                if (begin >= 500) throw std::runtime_error("half way");
                              }),
                 std::runtime_error);
  }
  std::atomic<size_t> done{0};
  parallel_for(1000, 10, [&](size_t begin, size_t end) { done += end - begin; });
  EXPECT_EQ(done, 1000u);
}

}  // namespace
}  // namespace quern::cpu
