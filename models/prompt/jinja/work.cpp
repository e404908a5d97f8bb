#include "models/prompt/jinja/work.h"

#include <algorithm>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {
namespace {

// Far above what a long conversation needs, and reached in a few seconds by a template that runs
// away.
constexpr size_t maximum_steps = 20'000'000;
constexpr size_t bytes_per_step = 32;

thread_local WorkMeter* current_meter = nullptr;

}  // namespace

WorkMeter::WorkMeter() : outer_(current_meter) { current_meter = this; }

WorkMeter::~WorkMeter() { current_meter = outer_; }

void WorkMeter::spend(size_t steps) {
  steps_ += std::min(steps, maximum_steps + 1);
  if (steps_ > maximum_steps) {
    throw Failure("the template runs too long: more than {} steps", maximum_steps);
  }
}

void charge(size_t bytes) {
  WorkMeter* meter = current_meter;
  if (!meter) return;
  const size_t rest = meter->bytes_ + bytes % bytes_per_step;
  meter->bytes_ = rest % bytes_per_step;
  meter->spend(bytes / bytes_per_step + rest / bytes_per_step);
}

}  // namespace quern::models::jinja
