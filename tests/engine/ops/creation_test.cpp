#include "engine/ops/creation.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/bitwise.h"
#include "engine/ops/comparison.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/scan.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"

namespace quern {
namespace {

/// What the call throws; the text is checked for what it must tell.
template <typename Error, typename F>
void expect_error(F&& call, const std::vector<std::string>& told) {
  try {
    call();
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    for (const std::string& part : told) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
}

TEST(Creation, FromValues) {
  EXPECT_EQ(array(2).dtype(), int32);
  EXPECT_EQ(array(2.0).dtype(), float32);
  EXPECT_EQ(array(true).dtype(), bool_);
  EXPECT_EQ(array(2L).dtype(), int64);
  EXPECT_EQ(array(2LL).dtype(), int64);
  EXPECT_EQ(array(2ULL).dtype(), uint64);
  EXPECT_EQ(array(complex64_t(1, 2)).dtype(), complex64);
  EXPECT_EQ(array(2, float16).dtype(), float16);
  EXPECT_EQ(array({1.0f, 2.0f}).shape(), Shape({2}));
  EXPECT_EQ(array({1.0f, 2.0f}).dtype(), float32);
  EXPECT_EQ(array({1, 2, 3}).dtype(), int32);
  EXPECT_EQ(array({1, 2, 3}, uint8).dtype(), uint8);
  EXPECT_EQ(array({true, false}).dtype(), bool_);
  EXPECT_EQ(array({}, int32).shape(), Shape({0}));
  EXPECT_EQ(array({}).dtype(), float32);
}

TEST(Creation, Likenesses) {
  const array a = zeros({2, 3}, float16);
  EXPECT_EQ(zeros_like(a, int32).dtype(), int32);
  EXPECT_EQ(ones_like(a, bool_).dtype(), bool_);
  EXPECT_EQ(ones_like(a).dtype(), float16);
  EXPECT_EQ(full_like(a, 2).dtype(), float16);
  EXPECT_EQ(full_like(a, 2.5, float32).dtype(), float32);
  EXPECT_EQ(sum(full_like(a, 2.5, float32)).item<float>(), 15);
  EXPECT_EQ(full({2}, 3).dtype(), int32);
  EXPECT_EQ(full({2}, 3, float32).dtype(), float32);
}

TEST(Creation, LinspaceWithOrWithoutItsEnd) {
  EXPECT_TRUE(array_equal(linspace(0, 4, 5), arange(5.0)).item<bool>());
  EXPECT_TRUE(array_equal(linspace(0, 5, 5, false), arange(5.0)).item<bool>());
  EXPECT_EQ(linspace(0, 5, 5, false, float16).dtype(), float16);
  EXPECT_EQ(linspace(0, 5, 5, int32).dtype(), int32);
  EXPECT_EQ(linspace(0, 1).size(), 50u);
}

TEST(Creation, WindowsOfNothing) {
  for (const auto window : {hanning, hamming, bartlett, blackman}) {
    EXPECT_EQ(window(0, {}).size(), 0u);
    EXPECT_EQ(window(-3, {}).size(), 0u);
    EXPECT_EQ(window(2, {}).dtype(), float32);
  }
}

TEST(Creation, OperatorsWithNumbersOfAllKinds) {
  const array x({2.0f, 4.0f});
  const array i({2, 4});
  EXPECT_EQ((x + 1).dtype(), float32);
  EXPECT_EQ((1.5 - x).dtype(), float32);
  EXPECT_EQ((i * 2L).dtype(), int64);
  EXPECT_EQ((2 / i).dtype(), float32);
  EXPECT_EQ((i % 3).dtype(), int32);
  EXPECT_EQ((3 % i).dtype(), int32);
  EXPECT_EQ((x * complex64_t(0, 1)).dtype(), complex64);
  EXPECT_EQ((astype(x, float16) * float16_t(2.0f)).dtype(), float16);
  EXPECT_EQ(sum((x > 3) == (3 < x)).item<int>(), 2);
  EXPECT_EQ(sum((x >= 2) && !(x != 2.0)).item<int>(), 1);
  EXPECT_EQ(sum((x <= 4) || (2 == x)).item<int>(), 2);
  EXPECT_EQ(sum((i & array(2)) | (i ^ i)).item<int>(), 2);
  EXPECT_EQ(sum((i << array(1)) >> array(1)).item<int>(), 6);
  EXPECT_EQ(sum(~i).item<int>(), -8);
  EXPECT_EQ(sum(-x).item<float>(), -6);
}

TEST(Creation, ScansTakeADtype) {
  const array x({1, 2, 3});
  EXPECT_EQ(cumsum(x, false, true, float32).dtype(), float32);
  EXPECT_EQ(cumprod(x, 0, true, true, int64).dtype(), int64);
  EXPECT_EQ(cumsum(x == 2).dtype(), int32);
  EXPECT_EQ(cumsum(x == 2, 0, false, true, uint8).dtype(), uint8);
}

TEST(Creation, Errors) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  expect_error<std::invalid_argument>([&] { arange(0.0, nan); }, {"[arange]", "nan"});
  expect_error<std::invalid_argument>([&] { arange(0.0, inf); }, {"[arange]", "inf"});
  expect_error<std::invalid_argument>([] { arange(0, 4, 0); }, {"[arange]", "from 0 to 4 by 0"});
  expect_error<std::invalid_argument>([] { arange(0.0, 2.0, 0.5, int32); }, {"[arange]", "0.5"});
  expect_error<std::invalid_argument>([] { arange(2.0, bool_); }, {"[arange]", "bool"});
  expect_error<std::overflow_error>([] { arange(0.0, 3e9); }, {"[arange]", "3000000000"});
  expect_error<std::invalid_argument>([] { linspace(0, 1, -2); }, {"[linspace]", "-2"});
  expect_error<std::invalid_argument>([] { tri(-1, 3, 0, int32); }, {"[tri]", "-1", "3"});
  expect_error<std::invalid_argument>([] { tril(zeros({3})); }, {"[tril]", "1"});
  expect_error<std::invalid_argument>([] { triu(array(1.0f)); }, {"[triu]", "0"});
  expect_error<std::invalid_argument>([] { zeros({2, -3}); }, {"negative", "(2,-3)"});
  expect_error<std::overflow_error>([] { zeros({1 << 30, 1 << 30, 1 << 30}); }, {"1073741824"});
  expect_error<std::invalid_argument>([] { random::bits({2, -3}); }, {"negative", "(2,-3)"});
  expect_error<std::invalid_argument>([] { random::bits({2}, 3); }, {"[random::bits]", "3"});
}

TEST(Creation, ErrorsOfScansAndSorting) {
  const array x = zeros({2, 3});
  expect_error<std::invalid_argument>([&] { cumprod(x, 2); }, {"[cumprod]", "2"});
  expect_error<std::invalid_argument>([&] { cummax(x, -3); }, {"[cummax]", "-3"});
  expect_error<std::invalid_argument>([&] { logcumsumexp(x, 5); }, {"[logcumsumexp]", "5"});
  expect_error<std::invalid_argument>([&] { diff(x, -1); }, {"[diff]", "-1"});
  expect_error<std::invalid_argument>([&] { argsort(x, 2); }, {"[argsort]", "2"});
  expect_error<std::invalid_argument>([&] { partition(x, 3, 1); }, {"[partition]", "3", "(2,3)"});
  expect_error<std::invalid_argument>([&] { argpartition(x, -4, 1); }, {"[argpartition]", "-4"});
  expect_error<std::invalid_argument>([&] { topk(x, -1, 0); }, {"[topk]", "-1", "(2,3)"});
  expect_error<std::invalid_argument>([&] { median(zeros({0})); }, {"[median]", "(0)"});
  expect_error<std::invalid_argument>(
      [&] {
        logsumexp(x, std::vector<int>{0, 0});
      },
      {"[logsumexp]", "0"});
  expect_error<std::invalid_argument>([&] { argmin(zeros({0, 2}), 0); }, {"[argmin]", "(0,2)"});
  expect_error<std::invalid_argument>([&] { clip(x); }, {"[clip]"});
}

}  // namespace
}  // namespace quern
