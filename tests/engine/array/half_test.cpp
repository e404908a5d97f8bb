#include "engine/array/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern {
namespace {

/// What IEEE 754 says a non-negative finite binary16 is worth.
double value_of(uint16_t bits) {
  const int exponent = bits >> 10, mantissa = bits & 0x3ff;
  return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Half, Float16WidensEveryValue) {
  for (uint16_t bits = 0; bits < 0x7c00; ++bits) {
    ASSERT_EQ(float16_t::widen(bits), value_of(bits)) << bits;
    ASSERT_EQ(float16_t::widen(bits | 0x8000), -value_of(bits)) << bits;
  }
  EXPECT_EQ(float16_t::widen(0x7c00), INFINITY);
  EXPECT_EQ(float16_t::widen(0xfc00), -INFINITY);
  EXPECT_TRUE(std::isnan(float16_t::widen(0x7c01)));
}

TEST(Half, Float16RoundsToNearestEven) {
  for (uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const double middle = (value_of(bits) + value_of(bits + 1)) / 2;
    const auto up = uint16_t(bits + 1);
    ASSERT_EQ(float16_t::round(float(middle)), bits % 2 == 0 ? bits : up) << bits;
    ASSERT_EQ(float16_t::round(std::nextafter(float(middle), 0.0f)), bits) << bits;
    ASSERT_EQ(float16_t::round(std::nextafter(float(middle), INFINITY)), up) << bits;
    ASSERT_EQ(float16_t::round(-float(value_of(up))), up | 0x8000) << bits;
  }
  EXPECT_EQ(float16_t::round(65519.996f), 0x7bff);
  EXPECT_EQ(float16_t::round(65520.0f), 0x7c00);  // half way past the largest: infinity
  EXPECT_EQ(float16_t::round(INFINITY), 0x7c00);
  EXPECT_TRUE(std::isnan(float(float16_t(NAN))));
}

TEST(Half, Bfloat16RoundsToNearestEven) {
  EXPECT_EQ(bfloat16_t(1.0f).bits, 0x3f80);
  EXPECT_EQ(bfloat16_t(1.0f + 0x1p-8f).bits, 0x3f80);             // tie: to even
  EXPECT_EQ(bfloat16_t(1.0f + 0x1p-8f + 0x1p-20f).bits, 0x3f81);  // above the tie
  EXPECT_EQ(bfloat16_t(1.0f + 3 * 0x1p-8f).bits, 0x3f82);         // tie: to even, upwards
  EXPECT_EQ(bfloat16_t(3.4e38f).bits, 0x7f80);                    // past the largest: infinity
  EXPECT_TRUE(std::isnan(float(bfloat16_t(NAN))));
  EXPECT_EQ(float(bfloat16_t(-0.0f)), 0.0f);
}

}  // namespace
}  // namespace quern
