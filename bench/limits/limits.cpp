#include "bench/limits/limits.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/limits/limit_kernels.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// More memory than any cache holds, in large pages where the system has them: what is measured
/// shall be the memory, not the way to it.
class LargeBuffer {
 public:
  static constexpr size_t size = size_t(256) << 20;

  LargeBuffer() {
    constexpr size_t large_page = size_t(2) << 20;
    void* mapped = mmap(nullptr, size + large_page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
      throw std::runtime_error(
          fmt::format("[limits] no memory for a buffer of {} bytes: {}", size, strerror(errno)));
    const auto address = reinterpret_cast<size_t>(mapped);
    data_ = reinterpret_cast<char*>((address + large_page - 1) / large_page * large_page);
    madvise(data_, size, MADV_HUGEPAGE);
    std::memset(data_, 1, size);
  }

  char* data() { return data_; }

 private:
  char* data_;  // until the process ends
};

char* large_buffer() {
  static LargeBuffer buffer;
  return buffer.data();
}

/// Seconds until all threads have done their part, from when all are there.
double together(int threads, const std::function<void(int thread)>& part) {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&, i] {
      ++ready;
      while (!go) std::this_thread::yield();
      part(i);
    });
  }
  while (ready < threads - 1) std::this_thread::yield();
  const auto start = Clock::now();
  go = true;
  part(0);
  for (auto& t : others) t.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double read_burst(int threads) {
  const char* data = large_buffer();
  const size_t each = LargeBuffer::size / size_t(threads) / 4096 * 4096;
  constexpr int passes = 4;
  const double seconds = together(threads, [&](int thread) {
    for (int pass = 0; pass < passes; ++pass)
      limit_kernels().read(data + size_t(thread) * each, each);
  });
  return double(each) * threads * passes / seconds;
}

double copy_burst(int threads) {
  char* data = large_buffer();
  const size_t each = LargeBuffer::size / 2 / size_t(threads) / 4096 * 4096;
  constexpr int passes = 4;
  const double seconds = together(threads, [&](int thread) {
    char* from = data + size_t(thread) * each;
    for (int pass = 0; pass < passes; ++pass)
      limit_kernels().copy(from, from + LargeBuffer::size / 2, each);
  });
  return 2.0 * double(each) * threads * passes / seconds;
}

double arithmetic_burst(double (*loop)(size_t rounds), int threads) {
  constexpr size_t rounds = 1 << 22;
  std::atomic<double> operations{0};
  const double seconds = together(threads, [&](int) { operations = loop(rounds); });
  return operations * threads / seconds;
}

}  // namespace

const char* to_string(Resource resource) {
  static constexpr const char* names[] = {"read", "copy", "float32", "int8"};
  return names[int(resource)];
}

std::string describe(Resource resource, double rate) {
  static constexpr const char* units[] = {"GB/s", "GB/s", "GFLOP/s", "GOP/s"};
  return fmt::format("{:.4g} {}", rate * 1e-9, units[int(resource)]);
}

int engine_threads() { return cpu::ThreadPool::instance().size(); }

double burst(Resource resource, int threads) {
  switch (resource) {
    case Resource::read:
      return read_burst(threads);
    case Resource::copy:
      return copy_burst(threads);
    case Resource::float32:
      return arithmetic_burst(limit_kernels().float32, threads);
    case Resource::int8:
      return arithmetic_burst(limit_kernels().int8, threads);
  }
  throw std::logic_error("[limits] unknown resource");
}

}  // namespace quern::bench
