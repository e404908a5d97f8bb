#pragma once

#include <cstddef>

namespace quern::models::jinja {

/// The work of one rendering, in steps of about the evaluation of one operator. The newest meter of
/// a thread is the one that charge() counts on, so that what goes over texts and values need not be
/// handed it. Every bound, once passed, is a Failure.
class WorkMeter {
 public:
  WorkMeter();
  ~WorkMeter();
  WorkMeter(const WorkMeter&) = delete;
  WorkMeter& operator=(const WorkMeter&) = delete;

  void spend(size_t steps);

 private:
  friend void charge(size_t bytes);

  WorkMeter* outer_;
  size_t steps_ = 0;
  size_t bytes_ = 0;  ///< charged, not yet a step
};

/// Counts bytes that were looked at or made; does nothing where no rendering is going on.
void charge(size_t bytes);

}  // namespace quern::models::jinja
