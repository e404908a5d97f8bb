#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/array/stream.h"
#include "engine/graph/priority.h"

namespace quern {

/// The process's streams, each with one worker thread that runs its tasks in the order given.
class Scheduler {
 public:
  using Task = std::function<void()>;

  static Scheduler& instance();

  Stream new_stream(Device device, Priority priority = Priority::normal);
  std::vector<Stream> streams();
  /// The first stream of a device and priority, made when there is none.
  Stream default_stream(Device device, Priority priority = Priority::normal);

  /// Tasks must not throw: what an operation throws travels by its batch's Completion.
  void enqueue(Stream stream, Task task);

  /// Tasks that are given in one `Submission` reach all their streams before any task of another
  /// submission does, so that streams that wait for each other agree on the order and cannot
  /// deadlock.
  std::unique_lock<std::mutex> submission() { return std::unique_lock(submission_); }

 private:
  class Worker;

  Scheduler() = default;
  Worker& worker(Stream stream);
  Stream add_stream(Device device, Priority priority);  ///< with the mutex held

  std::mutex submission_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace quern
