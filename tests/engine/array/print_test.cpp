#include "engine/array/print.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"

namespace quern {
namespace {

std::string text(const array& a) {
  std::ostringstream os;
  os << a;
  return os.str();
}

TEST(Print, ScalarsAndLists) {
  EXPECT_EQ(text(array(3)), "array(3, dtype=int32)");
  EXPECT_EQ(text(array(true)), "array(true, dtype=bool)");
  EXPECT_EQ(text(array(-5, int8)), "array(-5, dtype=int8)");
  EXPECT_EQ(text(array(200, uint8)), "array(200, dtype=uint8)");
  EXPECT_EQ(text(array({1.0f, 2.5f, -0.1f})), "array([1, 2.5, -0.1], dtype=float32)");
  EXPECT_EQ(text(array(1.5f, bfloat16)), "array(1.5, dtype=bfloat16)");
  EXPECT_EQ(text(array(complex64_t(1, -2))), "array(1-2j, dtype=complex64)");
  EXPECT_EQ(text(zeros({0, 3})), "array([], dtype=float32)");
}

TEST(Print, SpecialNumbers) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(text(array({inf, -inf, std::numeric_limits<float>::quiet_NaN()})),
            "array([inf, -inf, nan], dtype=float32)");
}

TEST(Print, RowsAreAlignedAndViewsFollowTheirStrides) {
  const array a = reshape(arange(6), {2, 3});
  EXPECT_EQ(text(a), "array([[0, 1, 2],\n       [3, 4, 5]], dtype=int32)");
  EXPECT_EQ(text(transpose(a)), "array([[0, 3],\n       [1, 4],\n       [2, 5]], dtype=int32)");
  EXPECT_EQ(text(reshape(arange(4), {1, 2, 2})), "array([[[0, 1],\n        [2, 3]]], dtype=int32)");
}

TEST(Print, LongAxesAreShortened) {
  EXPECT_EQ(text(arange(6)), "array([0, 1, 2, 3, 4, 5], dtype=int32)");
  EXPECT_EQ(text(arange(7)), "array([0, 1, 2, ..., 4, 5, 6], dtype=int32)");
  EXPECT_EQ(text(reshape(arange(14), {7, 2})),
            "array([[0, 1],\n       [2, 3],\n       [4, 5],\n       ...,\n       [8, 9],\n"
            "       [10, 11],\n       [12, 13]], dtype=int32)");
}

TEST(Print, PrecisionCanBeChosen) {
  EXPECT_EQ(text(array(1.0f / 3)), "array(0.333333, dtype=float32)");
  set_printoptions({3});
  EXPECT_EQ(text(array(1.0f / 3)), "array(0.333, dtype=float32)");
  EXPECT_EQ(get_printoptions().precision, 3);
  set_printoptions({});
  EXPECT_EQ(text(array(1.0 / 3, float64)), "array(0.333333, dtype=float64)");
  EXPECT_THROW(set_printoptions({-2}), std::invalid_argument);
}

TEST(Print, EvaluatesWhatItPrints) {
  EXPECT_EQ(text(array(1) + array(2)), "array(3, dtype=int32)");
}

}  // namespace
}  // namespace quern
