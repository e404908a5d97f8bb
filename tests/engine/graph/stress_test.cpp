#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/unary.h"
#include "engine/transforms/compile.h"
#include "engine/transforms/transforms.h"

namespace quern::tests {
namespace {

/// How long to run: a moment, or the number of seconds in QUERN_STRESS_SECONDS.
std::chrono::milliseconds duration() {
  const char* seconds = std::getenv("QUERN_STRESS_SECONDS");
  return std::chrono::milliseconds(seconds ? 1000 * std::atoi(seconds) : 300);
}

/// A graph across streams: each step on another one than its input. 64 ones times 1.5, `steps`
/// times, then summed.
float across_streams(const std::vector<Stream>& streams, size_t first, int steps) {
  array x = ones({64}, float32, streams[first % streams.size()]);
  for (int i = 0; i < steps; ++i) {
    const Stream& s = streams[(first + size_t(i)) % streams.size()];
    x = multiply(x, array(1.5f), s);
    if (i % 7 == 3) async_eval(x);
  }
  return sum(x, streams[0]).item<float>();
}

TEST(Stress, SixteenThreadsOnSharedStreams) {
  const std::vector<Stream> streams = {new_stream(Device::cpu), new_stream(Device::cpu),
                                       default_stream(Device::cpu)};
  const auto compiled =
      compile([](const Arrays& in) { return Arrays{sum(exp(negative(multiply(in[0], in[0]))))}; });
  const auto gradient = grad([](const array& x) { return sum(sin(matmul(x, x))); });
  across_streams(streams, 0, 20);
  compiled({ones({64})})[0].eval();

  const auto end = std::chrono::steady_clock::now() + duration();
  std::atomic<size_t> wrong{0}, rounds{0};
  const auto work = [&](size_t t) {
    while (std::chrono::steady_clock::now() < end) {
      const int steps = 5 + int(t % 8);
      const float want = 64 * std::pow(1.5f, float(steps));
      wrong += std::abs(across_streams(streams, t, steps) - want) > 1e-4f * want;
      const float value = compiled({full({64 + int(t % 2)}, 1.0f)})[0].item<float>();
      wrong += std::abs(value - float(64 + t % 2) * std::exp(-1.0f)) > 1e-3f;
      wrong += sum(gradient(zeros({8, 8}))).item<float>() != 0;
      ++rounds;
    }
  };
  const auto run = [&] {
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 16; ++t) threads.emplace_back(work, t);
    for (std::thread& thread : threads) thread.join();
  };
  const size_t before = get_active_memory();
  run();
  for (const Stream& s : streams) synchronize(s);
  EXPECT_EQ(wrong, 0u);
  EXPECT_GE(rounds, 16u);
  EXPECT_EQ(get_active_memory(), before);
}

}  // namespace
}  // namespace quern::tests
