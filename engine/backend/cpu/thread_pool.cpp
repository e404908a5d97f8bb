#include "engine/backend/cpu/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "engine/graph/spin.h"

namespace quern::cpu {

namespace {

/// Physical cores among the processors that this process may run on.
int physical_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return std::max(1, int(std::thread::hardware_concurrency()));
  }
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                           "/topology/thread_siblings_list");
    std::string list;
    if (!std::getline(siblings, list)) list = std::to_string(cpu);
    cores.insert(list);
  }
  return std::max(1, int(cores.size()));
}

int pool_size() {
  if (const char* asked = std::getenv("QUERN_NUM_THREADS")) {
    const int n = std::atoi(asked);
    if (n > 0) return std::min(n, 1024);
  }
  return physical_cores();
}

}  // namespace

ThreadPool& ThreadPool::instance() {
  // Never destroyed: its threads run until the process ends.
  static ThreadPool* pool = new ThreadPool(pool_size());
  return *pool;
}

Crew& ThreadPool::crew() {
  if (thread_priority() == Priority::normal) return normal_;
  // Made when first asked for, which most programs never do.
  static Crew* background = new Crew(size_, Priority::background);
  return *background;
}

Crew::Crew(int size, Priority priority) : size_(size_t(size)), sleepers_(size_t(size)) {
  for (int i = 1; i < size; ++i) {
    std::atomic<SleepingThread*>* sleeper = &sleepers_[size_t(i) - 1];
    threads_.emplace_back([this, priority, sleeper] {
      if (priority == Priority::background) enter_background();
      work(*sleeper);
    });
  }
  while (asleep_.load(std::memory_order_relaxed) != size - 1) std::this_thread::yield();
}

void Crew::run(size_t n, size_t grain, void* context, Body body) {
  if (busy_.exchange(true, std::memory_order_acquire)) {
    body(context, 0, n);
    return;
  }
  n_ = n;
  grain_ = grain;
  context_ = context;
  body_ = body;
  next_.store(0, std::memory_order_relaxed);
  left_.store(0, std::memory_order_relaxed);

  const uint64_t loop = (gate_.load(std::memory_order_relaxed) >> 32) + 1;
  gate_.store(loop << 32 | open_bit, std::memory_order_release);
  // Not a mere store: it must not come after the look for sleepers.
  ticket_.exchange(uint32_t(loop), std::memory_order_seq_cst);
  wake_sleepers();

  take_chunks();

  // Workers that have not come in by now find the gate closed; wait for those that have.
  const uint64_t closed = gate_.fetch_and(~open_bit, std::memory_order_acq_rel);
  const auto entered = uint32_t(closed & entered_mask);
  const auto all_left = [&] { return left_.load(std::memory_order_acquire) == entered; };
  // Beyond that the processor may be what they wait for.
  for (uint32_t left = 0; !spin_until(all_left);) {
    left = left_.load(std::memory_order_acquire);
    if (left != entered) left_.wait(left, std::memory_order_acquire);
  }
  std::exception_ptr error = std::exchange(error_, nullptr);
  failed_.store(false, std::memory_order_relaxed);
  busy_.store(false, std::memory_order_release);
  if (error) std::rethrow_exception(error);
}

void Crew::wake_sleepers() {
  if (asleep_.load(std::memory_order_seq_cst) == 0) return;
  for (auto& place : sleepers_) {
    if (SleepingThread* sleeper = place.load(std::memory_order_acquire)) sleeper->place_elsewhere();
  }
  ticket_.notify_all();
}

void Crew::work(std::atomic<SleepingThread*>& place) {
  SleepingThread sleeper;
  place.store(&sleeper, std::memory_order_release);
  uint32_t seen = 0, ticket = 0;
  const auto sleep = [&] {
    sleeper.fall_asleep();
    asleep_.fetch_add(1, std::memory_order_seq_cst);
    ticket_.wait(seen, std::memory_order_seq_cst);
    asleep_.fetch_sub(1, std::memory_order_relaxed);
    sleeper.wake_up();
  };
  sleep();  // a new thread often starts on its maker's processor: it is to wake up elsewhere
  for (;;) {
    const auto has_loop = [&] {
      return (ticket = ticket_.load(std::memory_order_acquire)) != seen;
    };
    if (!spin_until(has_loop)) {
      sleep();
      continue;
    }
    seen = ticket;
    uint64_t gate = gate_.load(std::memory_order_acquire);
    while ((gate & open_bit) != 0) {
      if (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) continue;
      take_chunks();
      left_.fetch_add(1, std::memory_order_release);
      left_.notify_one();
      break;
    }
  }
}

/// Takes a share of what is left each time: long ranges at first, short ones to even out the end.
void Crew::take_chunks() {
  size_t begin = next_.load(std::memory_order_relaxed);
  while (begin < n_) {
    const size_t grains = (n_ - begin + grain_ - 1) / grain_;
    const size_t count = (grains + 2 * size_ - 1) / (2 * size_) * grain_;
    const size_t end = n_ - begin <= count ? n_ : begin + count;
    if (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed)) continue;
    try {
      body_(context_, begin, end);
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
      next_.store(n_, std::memory_order_relaxed);
    }
    begin = next_.load(std::memory_order_relaxed);
  }
}

}  // namespace quern::cpu
