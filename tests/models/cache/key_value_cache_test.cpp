#include "models/cache/key_value_cache.h"

#include <gtest/gtest.h>

#include <numeric>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/shape.h"

namespace quern::models {
namespace {

/// One head of one element per token: the token's number. [1, 1, count, 1].
array tokens(int first, int count, Dtype dtype = float32) {
  std::vector<float> values{};
  values.resize(size_t(count));
  std::iota(values.begin(), values.end(), float(first));
  return array(values.begin(), {1, 1, count, 1}, dtype);
}

std::vector<int> numbers(const array& a) {
  array dense = contiguous(a);
  dense.eval();
  return {dense.data<float>(), dense.data<float>() + dense.size()};
}

std::vector<int> range(int begin, int end) {
  std::vector<int> out(size_t(end - begin));
  std::iota(out.begin(), out.end(), begin);
  return out;
}

TEST(KeyValueCache, ReturnsAllTokensInOrder) {
  KeyValueCache cache;
  int next = 0;
  for (const int count : {5, 1, 1, 300, 1, 600, 2}) {
    const auto [keys, values] = cache.update(tokens(next, count), tokens(1000 + next, count));
    next += count;
    ASSERT_EQ(numbers(keys), range(0, next));
    ASSERT_EQ(numbers(values), range(1000, 1000 + next));
    EXPECT_EQ(cache.offset(), next);
  }
}

TEST(KeyValueCache, KeepsTheDtype) {
  KeyValueCache cache;
  EXPECT_EQ(cache.update(tokens(0, 3, bfloat16), tokens(0, 3, bfloat16)).first.dtype(), bfloat16);
}

TEST(KeyValueCache, ForgetsTheLastTokens) {
  KeyValueCache cache;
  cache.update(tokens(0, 10), tokens(0, 10));
  EXPECT_FALSE(cache.trim(11));
  EXPECT_FALSE(cache.trim(-1));
  EXPECT_TRUE(cache.trim(4));
  EXPECT_EQ(cache.offset(), 6);
  EXPECT_EQ(numbers(cache.update(tokens(50, 2), tokens(0, 2)).first),
            (std::vector<int>{0, 1, 2, 3, 4, 5, 50, 51}));
  EXPECT_TRUE(cache.trim(8));
  EXPECT_EQ(numbers(cache.update(tokens(7, 1), tokens(7, 1)).first), std::vector<int>{7});
}

TEST(KeyValueCache, AWindowReturnsWhatTheNewTokensCanSee) {
  KeyValueCache cache(4);
  int next = 0;
  for (const int count : {2, 1, 1, 1, 3, 1, 900, 1, 1, 700, 1}) {
    const auto [keys, values] = cache.update(tokens(next, count), tokens(next, count));
    const int first = std::max(0, next - 3);
    next += count;
    ASSERT_EQ(numbers(keys), range(first, next));
    ASSERT_EQ(numbers(values), range(first, next));
  }
}

TEST(KeyValueCache, AWindowBoundsTheMemory) {
  KeyValueCache cache(300);
  for (int i = 0; i < 5000; ++i) {
    cache.update(tokens(i, 1), tokens(i, 1));
    if (i % 100 == 0) eval(cache.state().arrays);
  }
  for (const array& held : cache.state().arrays) EXPECT_LE(held.shape(2), 300 + 256);
}

TEST(KeyValueCache, AWindowRefusesToGoBackToWhatItForgot) {
  KeyValueCache cache(4);
  for (int i = 0; i < 1000; ++i) cache.update(tokens(i, 1), tokens(i, 1));
  EXPECT_FALSE(cache.trim(990));
  EXPECT_EQ(cache.offset(), 1000);
  ASSERT_TRUE(cache.trim(5));
  EXPECT_EQ(numbers(cache.update(tokens(995, 1), tokens(995, 1)).first), range(992, 996));
}

TEST(KeyValueCache, DecodingWritesInPlace) {
  const auto added = [](int count) {
    return contiguous(broadcast_to(array(1.0f), {1, 8, count, 64}));
  };
  KeyValueCache cache;
  cache.update(added(300), added(300));
  eval(cache.state().arrays);
  const size_t held = cache.state().arrays[0].nbytes() + cache.state().arrays[1].nbytes();
  reset_peak_memory();
  const size_t before = get_active_memory();
  array previous = array(0.0f);
  for (int i = 0; i < 200; ++i) {
    // As generation does: the next step is built and submitted before the one before it was waited
    // for.
    const auto [keys, values] = cache.update(added(1), added(1));
    const auto newest = [i](const array& seen) {
      return slice(seen, {0, 0, 300 + i, 0}, {1, 8, 301 + i, 64});
    };
    const array last = concatenate({newest(keys), newest(values)}, 2);
    async_eval(last);
    previous.wait();
    previous = last;
  }
  previous.wait();
  EXPECT_LT(get_peak_memory() - before, held / 20);
}

}  // namespace
}  // namespace quern::models
