#include "tests/engine/c/compare.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/graph/eval.h"
#include "engine/ops/shape.h"

namespace quern::tests {

void expect_same(const array& got, const array& want, const char* name) {
  ASSERT_EQ(got.shape(), want.shape()) << name;
  ASSERT_EQ(got.dtype(), want.dtype()) << name;
  array a = contiguous(got), b = contiguous(want);
  eval(a, b);
  EXPECT_EQ(std::memcmp(a.data<char>(), b.data<char>(), a.nbytes()), 0) << name;
}

}  // namespace quern::tests
