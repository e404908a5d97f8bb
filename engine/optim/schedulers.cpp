#include "engine/optim/schedulers.h"

#include <fmt/format.h>

#include <numbers>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/unary.h"

namespace quern::optim {

namespace {

array number(double value) { return array(value, float32); }
array count(int value) { return array(value, uint64); }

void require_positive(int value, const char* where, const char* what) {
  if (value >= 1) return;
  throw std::invalid_argument(fmt::format("[{}] {} is {}, not 1 or more", where, what, value));
}

array decayed(double init, double decay_rate, const array& times) {
  return multiply(number(init), power(number(decay_rate), astype(times, float32)));
}

}  // namespace

Schedule exponential_decay(double init, double decay_rate) {
  return [=](const array& step) { return decayed(init, decay_rate, step); };
}

Schedule step_decay(double init, double decay_rate, int step_size) {
  require_positive(step_size, "step_decay", "step_size");
  return [=](const array& step) {
    return decayed(init, decay_rate, floor_divide(step, count(step_size)));
  };
}

Schedule cosine_decay(double init, int decay_steps, double end) {
  require_positive(decay_steps, "cosine_decay", "decay_steps");
  return [=](const array& step) {
    const array done = astype(minimum(step, count(decay_steps)), float32);
    const array angle = multiply(number(std::numbers::pi / decay_steps), done);
    const array decay = multiply(number(0.5), add(number(1), cos(angle)));
    return add(number(end), multiply(decay, number(init - end)));
  };
}

Schedule linear_schedule(double init, double end, int steps) {
  require_positive(steps, "linear_schedule", "steps");
  return [=](const array& step) {
    const array done = astype(minimum(step, count(steps)), float32);
    return add(multiply(done, number((end - init) / steps)), number(init));
  };
}

Schedule join_schedules(std::vector<Schedule> schedules, std::vector<int> boundaries) {
  if (schedules.empty() || schedules.size() != boundaries.size() + 1) {
    throw std::invalid_argument(fmt::format("[join_schedules] {} boundaries for {} schedules",
                                            boundaries.size(), schedules.size()));
  }
  return [schedules = std::move(schedules), boundaries = std::move(boundaries)](const array& step) {
    array value = schedules[0](step);
    for (size_t i = 0; i < boundaries.size(); ++i) {
      const array boundary = count(boundaries[i]);
      // Before the boundary the difference wraps around; its value is not used then.
      value = where(less(step, boundary), value, schedules[i + 1](subtract(step, boundary)));
    }
    return value;
  };
}

}  // namespace quern::optim
