#pragma once

#include <functional>
#include <vector>

#include "engine/array/array.h"

namespace quern::optim {

/// A number that depends on the step, a uint64 scalar that counts from 0: float32, and graph like
/// any other, so that it can be compiled.
using Schedule = std::function<array(const array& step)>;

/// init * decay_rate^step.
Schedule exponential_decay(double init, double decay_rate);
/// init * decay_rate^(step / step_size, rounded down). Throws std::invalid_argument for a step_size
/// below 1.
Schedule step_decay(double init, double decay_rate, int step_size);
/// Half a cosine from init to `end` within decay_steps, then constant. Throws
/// std::invalid_argument for decay_steps below 1.
Schedule cosine_decay(double init, int decay_steps, double end = 0.0);
/// A line from init to `end` within `steps`, then constant. Throws std::invalid_argument for steps
/// below 1.
Schedule linear_schedule(double init, double end, int steps);
/// One after the other: schedule i + 1 begins, at its step 0, at boundaries[i]. Throws
/// std::invalid_argument unless there is one boundary less than schedules.
Schedule join_schedules(std::vector<Schedule> schedules, std::vector<int> boundaries);

}  // namespace quern::optim
