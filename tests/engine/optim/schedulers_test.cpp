#include "engine/optim/schedulers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern::tests {

using namespace optim;

namespace {

void expect_schedule(const Schedule& schedule, const std::function<double(int)>& wanted) {
  for (int step = 0; step < 30; ++step) {
    const array value = schedule(array(step, uint64));
    EXPECT_EQ(value.dtype(), float32);
    EXPECT_NEAR(value.item<double>(), wanted(step), 2e-6) << "step " << step;
  }
}

}  // namespace

TEST(Schedulers, AreTheirFormulas) {
  expect_schedule(exponential_decay(0.5, 0.9), [](int t) { return 0.5 * std::pow(0.9, t); });
  expect_schedule(step_decay(0.5, 0.1, 7), [](int t) { return 0.5 * std::pow(0.1, t / 7); });
  expect_schedule(cosine_decay(0.5, 20, 0.1), [](int t) {
    return 0.1 + 0.4 * 0.5 * (1 + std::cos(M_PI * std::min(t, 20) / 20));
  });
  expect_schedule(linear_schedule(0.1, 0.5, 20),
                  [](int t) { return 0.1 + 0.4 * std::min(t, 20) / 20; });
}

TEST(Schedulers, JoinAtTheBoundaries) {
  const Schedule joined = join_schedules(
      {linear_schedule(0, 1, 4), exponential_decay(1, 0.5), cosine_decay(0.25, 10)}, {4, 9});
  expect_schedule(joined, [](int t) {
    if (t < 4) return t / 4.0;
    if (t < 9) return std::pow(0.5, t - 4);
    return 0.125 * (1 + std::cos(M_PI * std::min(t - 9, 10) / 10));
  });
  expect_schedule(join_schedules({linear_schedule(0, 1, 4)}, {}),
                  [](int t) { return std::min(t, 4) / 4.0; });
}

TEST(Schedulers, CheckTheirNumbers) {
  EXPECT_THROW(step_decay(1, 0.5, 0), std::invalid_argument);
  EXPECT_THROW(cosine_decay(1, 0), std::invalid_argument);
  EXPECT_THROW(linear_schedule(0, 1, -1), std::invalid_argument);
  EXPECT_THROW(join_schedules({}, {}), std::invalid_argument);
  EXPECT_THROW(join_schedules({linear_schedule(0, 1, 4)}, {3}), std::invalid_argument);
}

}  // namespace quern::tests
