#include "engine/graph/eval.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "engine/memory/memory.h"
#include "engine/ops/cast.h"
#include "engine/ops/host_function.h"
#include "engine/ops/shape.h"

namespace quern {
namespace {

std::vector<float> values(array a) {
  a = contiguous(a);
  a.eval();
  return std::vector<float>(a.data<float>(), a.data<float>() + a.size());
}

TEST(Eval, AChainOfAHundredThousandNodesEvaluatesAndIsDestroyed) {
  array a = array({1.0f, 2.0f});
  for (int i = 0; i < 100000; ++i) a = copy(a);
  EXPECT_EQ(values(a), (std::vector<float>{1, 2}));
}

TEST(Eval, AChainThatIsNeverEvaluatedIsDestroyedWithoutRecursion) {
  array a = array({1.0f, 2.0f});
  for (int i = 0; i < 1000000; ++i) a = copy(a);
}

TEST(Eval, StreamsWaitForEachOther) {
  const Stream other = new_stream(Device::cpu);
  array a = array({1.0f, 2.0f, 3.0f});
  for (int i = 0; i < 200; ++i) {
    a = slice_update(a, array(float(i)), {i % 3}, {i % 3 + 1},
                     i % 2 ? StreamOrDevice(other) : StreamOrDevice{});
  }
  EXPECT_EQ(values(a), (std::vector<float>{198, 199, 197}));
}

TEST(Eval, ThreadsShareStreamsAndArrays) {
  const Stream first = new_stream(Device::cpu), second = new_stream(Device::cpu);
  const array shared = copy(array({5.0f, 6.0f}));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        array a = copy(shared, t % 2 ? first : second);
        a = slice_update(a, array(float(t)), {0}, {1}, t % 2 ? second : first);
        if (values(a) != std::vector<float>{float(t), 6}) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

/// A scalar whose kernel calls the function first.
array calling(std::function<void()> function, std::vector<array> inputs, StreamOrDevice s = {}) {
  const auto kernel = [function](const Arrays&, Arrays& outputs) {
    function();
    *outputs[0].data<float>() = 1;
  };
  return host_function(kernel, std::move(inputs), {Shape{}}, {float32}, s)[0];
}

TEST(Eval, RunsHereWhatNothingElseIsAheadOf) {
  const Stream stream = new_stream(Device::cpu);
  std::thread::id ran_on;
  const auto note = [&] { ran_on = std::this_thread::get_id(); };
  eval(calling(note, {}, stream));
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  const array a = calling(note, {}, stream);
  async_eval(a);
  a.wait();
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(Eval, WaitsForWhatIsAheadOfIt) {
  const Stream stream = new_stream(Device::cpu);
  std::atomic<bool> first_done{false}, second_saw_it{false};
  const array first = calling(
      [&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        first_done = true;
      },
      {}, stream);
  async_eval(first);
  eval(calling([&] { second_saw_it = first_done.load(); }, {}, stream));
  EXPECT_TRUE(second_saw_it);
}

TEST(Eval, TheWorkerWaitsForWhoeverTookItsPlace) {
  const Stream stream = new_stream(Device::cpu);
  std::atomic<bool> inside{false}, first_done{false}, second_saw_it{false};
  std::thread other([&] {
    eval(calling(
        [&] {
          inside = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          first_done = true;
        },
        {}, stream));
  });
  while (!inside) std::this_thread::yield();
  const array second = calling([&] { second_saw_it = first_done.load(); }, {}, stream);
  async_eval(second);
  synchronize(stream);
  EXPECT_TRUE(second_saw_it);
  other.join();
}

TEST(Eval, AKernelsExceptionReachesWhoeverWaits) {
  const size_t limit = set_memory_limit(get_active_memory() + (size_t(1) << 20));
  const array big = contiguous(broadcast_to(array(1.0f), {1 << 20}));
  const array more = contiguous(broadcast_to(array(1.0f), {1 << 20}));
  const array joined = concatenate({big, more}, 0);
  const array after = copy(joined);
  EXPECT_NO_THROW(async_eval(after));
  EXPECT_THROW(after.wait(), OutOfMemory);
  EXPECT_THROW(after.wait(), OutOfMemory);
  EXPECT_THROW(copy(after).eval(), OutOfMemory);
  set_memory_limit(limit);
  EXPECT_EQ(values(array({1.0f})), (std::vector<float>{1}));
}

TEST(Eval, BuffersOfUnsharedInputsAreReused) {
  array a = contiguous(broadcast_to(array(1.0f), {1000, 1000}));
  a.eval();
  reset_peak_memory();
  const size_t before = get_peak_memory();
  for (int i = 0; i < 10; ++i) {
    a = slice_update(a, array(2.0f), {i, 0}, {i + 1, 1000});
  }
  a.eval();
  EXPECT_LT(get_peak_memory() - before, a.nbytes() / 2);
}

TEST(Eval, AnArrayThatIsStillHeldKeepsItsValues) {
  const array a = contiguous(broadcast_to(array(1.0f), {4}));
  array b = slice_update(a, array(9.0f), {0}, {1});
  EXPECT_EQ(values(b), (std::vector<float>{9, 1, 1, 1}));
  EXPECT_EQ(values(a), (std::vector<float>{1, 1, 1, 1}));
}

}  // namespace
}  // namespace quern
