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

/// The process's streams, each with one worker thread that runs its tasks in the order given. A
/// thread that would only wait may run its own in the worker's place.
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

  /// Lets the calling thread take the worker's place if that has nothing to do and is not to be
  /// waited for: until leave(), tasks for the stream wait. Returns whether it does.
  bool try_enter(Stream stream);
  void leave(Stream stream);

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
