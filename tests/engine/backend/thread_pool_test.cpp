#include "engine/backend/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
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

TEST(ThreadPool, RangesAreWholeGrains) {
  std::atomic<size_t> done{0};
  parallel_for(10007, 64, [&](size_t begin, size_t end) {
    EXPECT_EQ(begin % 64, 0u);
    EXPECT_TRUE(end % 64 == 0 || end == 10007) << end;
    done += end - begin;
  });
  EXPECT_EQ(done, 10007u);
}

/// Whether the loops of this thread run on all threads of the pool: each takes one range and waits
/// for the others.
bool has_whole_crew() {
  const int size = ThreadPool::instance().size();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::atomic<int> met{0};
  std::atomic<bool> gave_up{false};
  parallel_for(size_t(size), 1, [&](size_t, size_t) {
    ++met;
    while (met < size && !gave_up) {
      std::this_thread::yield();
      if (std::chrono::steady_clock::now() > deadline) gave_up = true;
    }
  });
  return !gave_up;
}

TEST(ThreadPool, ALoopRunsOnAllThreads) { EXPECT_TRUE(has_whole_crew()); }

TEST(ThreadPool, ALoopRunsOnAllThreadsBesideABackgroundLoop) {
  constexpr size_t n = 1000;
  std::atomic<bool> stop{false};
  std::atomic<size_t> begun{0}, done{0};
  std::thread background([&] {
    enter_background();
    parallel_for(n, 1, [&](size_t begin, size_t end) {
      ++begun;
      while (!stop) std::this_thread::yield();
      done += end - begin;
    });
  });
  while (begun == 0) std::this_thread::yield();
  EXPECT_TRUE(has_whole_crew());
  stop = true;
  background.join();
  EXPECT_EQ(done, n);
}

TEST(ThreadPool, BackgroundLoopsRunOnBackgroundThreads) {
  std::atomic<int> others{0};
  bool whole = false;
  std::thread background([&] {
    enter_background();
    whole = has_whole_crew();
    parallel_for(1000, 1, [&](size_t, size_t) {
      if (thread_priority() != Priority::background) ++others;
    });
  });
  background.join();
  EXPECT_TRUE(whole);
  EXPECT_EQ(others, 0);
  EXPECT_EQ(thread_priority(), Priority::normal);
}

}  // namespace
}  // namespace quern::cpu
