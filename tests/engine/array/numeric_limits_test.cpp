#include "engine/array/numeric_limits.h"

#include <gtest/gtest.h>

#include <cfloat>

#include "engine/array/shape.h"

namespace quern {
namespace {

TEST(NumericLimits, OfFloatingDtypes) {
  EXPECT_EQ(finfo(float32).max, double(FLT_MAX));
  EXPECT_EQ(finfo(float32).min, -double(FLT_MAX));
  EXPECT_EQ(finfo(float32).eps, double(FLT_EPSILON));
  EXPECT_EQ(finfo(float32).smallest_normal, double(FLT_MIN));
  EXPECT_EQ(finfo(float64).max, DBL_MAX);
  EXPECT_EQ(finfo(float64).eps, DBL_EPSILON);
  EXPECT_EQ(finfo(float64).smallest_normal, DBL_MIN);
  EXPECT_EQ(finfo(float16).max, 65504);
  EXPECT_EQ(finfo(float16).eps, 0.0009765625);
  EXPECT_EQ(finfo(bfloat16).eps, 0.0078125);
  EXPECT_NEAR(finfo(bfloat16).max / 3.3895313892515355e38, 1, 1e-15);
  EXPECT_EQ(finfo(complex64).dtype, float32);
  EXPECT_EQ(finfo(complex64).max, double(FLT_MAX));
  EXPECT_THROW(finfo{int32}, std::invalid_argument);
}

TEST(NumericLimits, OfIntegerDtypes) {
  EXPECT_EQ(iinfo(int8).min, -128);
  EXPECT_EQ(iinfo(int8).max, 127u);
  EXPECT_EQ(iinfo(uint8).min, 0);
  EXPECT_EQ(iinfo(uint8).max, 255u);
  EXPECT_EQ(iinfo(int64).min, INT64_MIN);
  EXPECT_EQ(iinfo(int64).max, uint64_t(INT64_MAX));
  EXPECT_EQ(iinfo(uint64).max, UINT64_MAX);
  EXPECT_THROW(iinfo{bool_}, std::invalid_argument);
  EXPECT_THROW(iinfo{float32}, std::invalid_argument);
}

TEST(Axes, CountFromTheEndWhenNegative) {
  EXPECT_EQ(normalize_axis_index(-1, 3), 2);
  EXPECT_EQ(normalize_axis_index(0, 3), 0);
  try {
    normalize_axis_index(3, 3, "[here] ");
    FAIL() << "no error";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "[here] axis 3 is out of range for an array with 3 dimensions");
  }
}

}  // namespace
}  // namespace quern
