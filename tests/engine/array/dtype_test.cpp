#include "engine/array/dtype.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(Dtype, PromotesAsTheReferenceTableSays) {
  EXPECT_EQ(promote_types(float16, bfloat16), float32);
  EXPECT_EQ(promote_types(int64, float16), float16);
  EXPECT_EQ(promote_types(uint64, int8), float32);
  EXPECT_EQ(promote_types(uint8, int8), int16);
  EXPECT_EQ(promote_types(uint32, int8), int64);
  EXPECT_EQ(promote_types(uint8, int32), int32);
  EXPECT_EQ(promote_types(complex64, float64), complex64);
  EXPECT_EQ(promote_types(bool_, uint16), uint16);
}

TEST(Dtype, CategoriesNest) {
  EXPECT_TRUE(issubdtype(bfloat16, floating));
  EXPECT_TRUE(issubdtype(floating, inexact));
  EXPECT_TRUE(issubdtype(uint8, integer));
  EXPECT_TRUE(issubdtype(int8, number));
  EXPECT_FALSE(issubdtype(bool_, number));
  EXPECT_FALSE(issubdtype(complex64, floating));
}

}  // namespace
}  // namespace quern
