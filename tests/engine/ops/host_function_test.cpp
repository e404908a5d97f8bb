#include "engine/ops/host_function.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/shape.h"

namespace quern {
namespace {

TEST(HostFunction, RunsWhenAnOutputIsNeededAndOnce) {
  int calls = 0;
  const array turned = transpose(array({1.0f, 2.0f, 3.0f, 4.0f}, {2, 2}));
  const auto out = host_function(
      [&](const Arrays& in, Arrays& to) {
        ++calls;
        for (int i = 0; i < 4; ++i) {
          to[0].data<float>()[i] = 10 * in[0].data<float>()[i];
          to[1].data<int32_t>()[i] = i;
        }
      },
      {turned}, {{4}, {2, 2}}, {float32, int32});
  EXPECT_EQ(calls, 0);
  array sum = add(out[0], reshape(out[1], {4}));
  sum.eval();
  EXPECT_EQ(calls, 1);
  const float expected[] = {10, 31, 22, 43};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sum.data<float>()[i], expected[i]);
}

TEST(HostFunction, WhatItThrowsReachesWhoWaits) {
  array out = host_function([](const Arrays&, Arrays&) { throw std::runtime_error("[here] no"); },
                            {}, {{3}}, {float32})[0];
  EXPECT_THROW(out.eval(), std::runtime_error);
  EXPECT_THROW(host_function({}, {}, {{3}}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace quern
