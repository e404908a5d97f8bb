#pragma once

#include <mutex>
#include <stop_token>
#include <thread>

namespace quern::cli {

/// While it exists, Ctrl-C asks for a stop instead of ending the program; a second Ctrl-C, before
/// reset(), ends it at once. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Of the stop that the next Ctrl-C asks for.
  std::stop_token token() const;
  bool requested() const { return token().stop_requested(); }

  /// Forgets what was asked for; tokens from before stay as they are.
  void reset();

 private:
  void watch();

  mutable std::mutex mutex_;
  std::stop_source stop_;  // guarded by mutex_
  std::thread watcher_;
};

}  // namespace quern::cli
