#include "engine/graph/scheduler.h"

#include <fmt/format.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "engine/graph/sleeping_thread.h"
#include "engine/graph/spin.h"

namespace quern {

class Scheduler::Worker {
 public:
  Worker(Stream stream, Priority priority)
      : stream(stream), priority(priority), thread_([this] { run(); }) {}

  void push(Task task) {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      waiting_.store(true, std::memory_order_release);
      if (sleeper_) sleeper_->place_elsewhere();
    }
    wake_.notify_one();
  }

  bool try_enter() {
    std::lock_guard lock(mutex_);
    if (!tasks_.empty() || occupied_ || priority != thread_priority()) return false;
    return occupied_ = true;
  }

  void leave() {
    {
      std::lock_guard lock(mutex_);
      occupied_ = false;
      if (tasks_.empty()) return;
    }
    wake_.notify_one();
  }

  const Stream stream;
  const Priority priority;

 private:
  void run() {
    if (priority == Priority::background) enter_background();
    SleepingThread sleeper;
    for (;;) {
      // Decoding hands over a small graph every few milliseconds: look a while before sleeping.
      spin_until([this] { return waiting_.load(std::memory_order_acquire); });
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return !tasks_.empty() && !occupied_; };
      if (!ready()) {
        sleeper_ = &sleeper;
        sleeper.fall_asleep();
        wake_.wait(lock, ready);
        sleeper.wake_up();
        sleeper_ = nullptr;
      }
      occupied_ = true;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      waiting_.store(!tasks_.empty(), std::memory_order_release);
      lock.unlock();
      task();
      lock.lock();
      occupied_ = false;
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool occupied_ = false;  ///< a task runs, here or on a thread that entered
  std::atomic<bool> waiting_{false};
  SleepingThread* sleeper_ = nullptr;  ///< the worker while it waits for a task
  std::thread thread_;
};

Scheduler& Scheduler::instance() {
  // Never destroyed: its threads run until the process ends, whatever order statics go in.
  static Scheduler* scheduler = new Scheduler;
  return *scheduler;
}

Stream Scheduler::new_stream(Device device, Priority priority) {
  std::lock_guard lock(mutex_);
  return add_stream(device, priority);
}

Stream Scheduler::add_stream(Device device, Priority priority) {
  const Stream stream{int(workers_.size()), device};
  workers_.push_back(std::make_unique<Worker>(stream, priority));
  return stream;
}

std::vector<Stream> Scheduler::streams() {
  std::lock_guard lock(mutex_);
  std::vector<Stream> out;
  for (const auto& worker : workers_) out.push_back(worker->stream);
  return out;
}

Stream Scheduler::default_stream(Device device, Priority priority) {
  std::lock_guard lock(mutex_);
  for (const auto& worker : workers_) {
    if (worker->stream.device == device && worker->priority == priority) return worker->stream;
  }
  return add_stream(device, priority);
}

Scheduler::Worker& Scheduler::worker(Stream stream) {
  std::lock_guard lock(mutex_);
  if (stream.index < 0 || size_t(stream.index) >= workers_.size()) {
    throw std::invalid_argument(
        fmt::format("[stream] there is no stream {}; {} exist", stream.index, workers_.size()));
  }
  return *workers_[size_t(stream.index)];
}

void Scheduler::enqueue(Stream stream, Task task) { worker(stream).push(std::move(task)); }

bool Scheduler::try_enter(Stream stream) { return worker(stream).try_enter(); }
void Scheduler::leave(Stream stream) { worker(stream).leave(); }

void synchronize(Stream s) {
  std::promise<void> reached;
  Scheduler::instance().enqueue(s, [&reached] { reached.set_value(); });
  reached.get_future().wait();
}

void synchronize() { synchronize(default_stream(default_device())); }

}  // namespace quern
