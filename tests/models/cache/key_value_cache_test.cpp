#include "models/cache/key_value_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/shape.h"
#include "models/error.h"

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

TEST(KeyValueCache, ChunksReturnWhatTheFirstNewTokensChunkHolds) {
  KeyValueCache cache(std::nullopt, 5);
  int next = 0;
  for (const int count : {2, 1, 1, 1, 1, 3, 1, 900, 1, 1, 700, 1, 4, 6}) {
    const auto [keys, values] = cache.update(tokens(next, count), tokens(next, count));
    const int first = next / 5 * 5;
    next += count;
    ASSERT_EQ(numbers(keys), range(first, next));
    ASSERT_EQ(numbers(values), range(first, next));
    EXPECT_TRUE(cache.trim(count)) << "the last update can be taken back";
    cache.update(tokens(next - count, count), tokens(next - count, count));
  }
}

TEST(KeyValueCache, APrefixGoesOnByItself) {
  KeyValueCache cache;
  cache.update(tokens(0, 10), tokens(100, 10));
  const auto fork = cache.prefix(4);
  ASSERT_TRUE(fork);
  EXPECT_EQ(fork->offset(), 4);
  EXPECT_EQ(fork->state().arrays[0].shape(2), 4) << "it holds no more than its tokens";
  auto& other = static_cast<KeyValueCache&>(*fork);
  EXPECT_EQ(numbers(other.update(tokens(50, 2), tokens(150, 2)).second),
            (std::vector<int>{100, 101, 102, 103, 150, 151}));
  EXPECT_EQ(numbers(cache.update(tokens(10, 1), tokens(110, 1)).first), range(0, 11));
  EXPECT_EQ(cache.prefix(12), nullptr);
  EXPECT_EQ(cache.prefix(-1), nullptr);
  EXPECT_EQ(cache.prefix(0)->offset(), 0);

  KeyValueCache window(4);
  for (int i = 0; i < 600; ++i) window.update(tokens(i, 1), tokens(i, 1));
  EXPECT_EQ(window.prefix(100), nullptr);
  const auto recent = window.prefix(599);
  ASSERT_TRUE(recent);
  EXPECT_EQ(numbers(static_cast<KeyValueCache&>(*recent).update(tokens(7, 1), tokens(7, 1)).first),
            (std::vector<int>{596, 597, 598, 7}));
}

TEST(KeyValueCache, AStateMakesTheSameCache) {
  for (const bool quantized : {false, true}) {
    const auto rows = [](int first, int count) {
      return contiguous(broadcast_to(tokens(first, count), {1, 1, count, 64}));
    };
    KeyValueCache cache;
    if (quantized) cache.quantize({.bits = 8});
    cache.append(rows(0, 10), rows(0, 10));
    EXPECT_TRUE(cache.trim(3));
    KeyValueCache other;
    other.restore(cache.state());
    EXPECT_EQ(other.offset(), 7);
    const auto expected = cache.update(rows(20, 2), rows(20, 2)).first;
    EXPECT_EQ(numbers(other.update(rows(20, 2), rows(20, 2)).first), numbers(expected));
  }
}

TEST(KeyValueCache, AStateThatDoesNotFitIsRefused) {
  KeyValueCache cache;
  cache.update(tokens(0, 4), tokens(0, 4));
  const LayerState good = cache.state();
  const auto refused = [&](auto&& change) {
    LayerState bad = good;
    change(bad);
    KeyValueCache other;
    EXPECT_THROW(other.restore(bad), ModelError);
    EXPECT_EQ(other.offset(), 0);
  };
  refused([](LayerState& s) { s.numbers.pop_back(); });
  refused([](LayerState& s) { s.arrays.pop_back(); });
  refused([](LayerState& s) { s.arrays[0] = tokens(0, 3); });
  refused([](LayerState& s) { s.arrays[0] = array(1.0f); });
  refused([](LayerState& s) { s.numbers[1] = 1000; });
  refused([](LayerState& s) { s.numbers[0] = -1; });
  refused([](LayerState& s) { s.numbers[3] = 8; });
  refused([](LayerState& s) { s.numbers[3] = int64_t(1) << 40; });
}

TEST(KeyValueCache, QuantizedRowsAreNearThoseGivenAndTakeLessMemory) {
  std::vector<float> values(size_t(2) * 300 * 64);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(float(i) * 0.37f);
  const array rows(values.begin(), {1, 2, 300, 64}, float32);
  const auto bytes = [](const KeyValueCache& cache) {
    size_t sum = 0;
    for (const array& a : cache.state().arrays) sum += a.nbytes();
    return sum;
  };
  KeyValueCache plain;
  plain.append(rows, rows);
  for (const int bits : {4, 8}) {
    KeyValueCache cache;
    cache.quantize({.bits = bits});
    array held = contiguous(cache.update(rows, rows).first);
    held.eval();
    double worst = 0;
    for (size_t i = 0; i < values.size(); ++i)
      worst = std::max(worst, std::abs(double(held.data<float>()[i]) - values[i]));
    EXPECT_LT(worst, 2.01 / ((1 << bits) - 1)) << bits;
    EXPECT_GT(worst, 0) << bits;
    EXPECT_LT(bytes(cache), bytes(plain) * (size_t(bits) + 2) / 32) << bits;
  }
}

TEST(KeyValueCache, QuantizesFromALengthOn) {
  const auto rows = [](int count) {
    return contiguous(broadcast_to(array(1.0f), {1, 1, count, 32}));
  };
  KeyValueCache cache;
  cache.quantize({.bits = 4, .start = 10});
  EXPECT_FALSE(cache.append(rows(10), rows(10)).keys.is_quantized());
  const SeenTokens seen = cache.append(rows(1), rows(1));
  EXPECT_TRUE(seen.keys.is_quantized());
  EXPECT_EQ(seen.count(), 11);
  EXPECT_EQ(seen.keys.group_size, 32);
  KeyValueCache odd;
  odd.quantize({.bits = 4});
  EXPECT_THROW(odd.append(tokens(0, 3), tokens(0, 3)), ModelError);
  EXPECT_THROW(odd.quantize({.bits = 5}), ModelError);
  EXPECT_THROW(odd.quantize({.group_size = 16}), ModelError);
  EXPECT_THROW(odd.quantize({.start = -1}), ModelError);
}

}  // namespace
}  // namespace quern::models
