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

ThreadPool::ThreadPool(int size) {
  for (int i = 1; i < size; ++i) threads_.emplace_back([this] { work(); });
}

void ThreadPool::run(size_t n, size_t grain, const void* context, Body body) {
  void* writable = const_cast<void*>(context);
  if (busy_.exchange(true,
                     std::memory_order_acquire)) {  // another stream's loop, or one around this one
    body(writable, 0, n);
    return;
  }
  // About four chunks a thread: enough to even out, few enough to keep each one long.
  const size_t chunks = std::min((n + grain - 1) / grain, size_t(size()) * 4);
  n_ = n;
  chunk_ = (n + chunks - 1) / chunks;
  context_ = writable;
  body_ = body;
  next_.store(0, std::memory_order_relaxed);
  left_.store(0, std::memory_order_relaxed);

  const uint64_t loop = (gate_.load(std::memory_order_relaxed) >> 32) + 1;
  gate_.store(loop << 32 | open_bit, std::memory_order_release);
  ticket_.store(uint32_t(loop), std::memory_order_release);
  ticket_.notify_all();

  take_chunks();

  // Workers that have not come in by now find the gate closed; wait for those that have.
  const uint64_t closed = gate_.fetch_and(~open_bit, std::memory_order_acq_rel);
  const auto entered = uint32_t(closed & entered_mask);
  for (int spins = 0; left_.load(std::memory_order_acquire) != entered; ++spins) {
    if (spins < spins_before_sleep)
      spin_pause();
    else
      std::this_thread::yield();
  }
  std::exception_ptr error = std::exchange(error_, nullptr);
  failed_.store(false, std::memory_order_relaxed);
  busy_.store(false, std::memory_order_release);
  if (error) std::rethrow_exception(error);
}

void ThreadPool::work() {
  uint32_t seen = 0;
  for (;;) {
    uint32_t ticket = ticket_.load(std::memory_order_acquire);
    for (int i = 0; ticket == seen && i < spins_before_sleep; ++i) {
      spin_pause();
      ticket = ticket_.load(std::memory_order_acquire);
    }
    if (ticket == seen) {
      ticket_.wait(seen, std::memory_order_acquire);
      continue;
    }
    seen = ticket;
    uint64_t gate = gate_.load(std::memory_order_acquire);
    while ((gate & open_bit) != 0) {
      if (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) continue;
      take_chunks();
      left_.fetch_add(1, std::memory_order_release);
      break;
    }
  }
}

void ThreadPool::take_chunks() {
  for (;;) {
    const size_t begin = next_.fetch_add(chunk_, std::memory_order_relaxed);
    if (begin >= n_) return;
    try {
      body_(context_, begin, std::min(begin + chunk_, n_));
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
      next_.store(n_, std::memory_order_relaxed);
    }
  }
}

}  // namespace quern::cpu
