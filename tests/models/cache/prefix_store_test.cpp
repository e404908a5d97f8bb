#include "models/cache/prefix_store.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/shape.h"
#include "models/cache/key_value_cache.h"

namespace quern::models {
namespace {

std::vector<int32_t> tokens(std::initializer_list<std::pair<int, int>> ranges) {
  std::vector<int32_t> out;
  for (const auto& [begin, end] : ranges) {
    for (int i = begin; i < end; ++i) out.push_back(i);
  }
  return out;
}

/// One layer whose keys and values are the tokens.
SequenceCache sequence(const std::vector<int32_t>& ids, std::optional<int> window = std::nullopt,
                       std::vector<int> marks = {}) {
  Cache layers;
  layers.push_back(std::make_unique<KeyValueCache>(window));
  layers.push_back(nullptr);
  SequenceCache out(std::move(layers));
  for (const int32_t id : ids) {
    const array row({float(id)}, {1, 1, 1, 1}, float32);
    static_cast<KeyValueCache&>(*out.layers()[0]).append(row, row);
    out.append(&id, 1);
    if (std::find(marks.begin(), marks.end(), out.length()) != marks.end()) out.mark();
  }
  return out;
}

/// What the layer holds of the last few tokens.
std::vector<int32_t> held(SequenceCache& of, int count) {
  const auto& layer = static_cast<const KeyValueCache&>(*of.layers()[0]);
  const LayerState state = layer.state();
  const int end = int(state.numbers[1] - state.numbers[0]);
  array rows = contiguous(slice(state.arrays[0], {0, 0, end - count, 0}, {1, 1, end, 1}));
  rows.eval();
  return {rows.data<float>(), rows.data<float>() + count};
}

TEST(SequenceCache, GoesBackAnywhereWhereLayersCan) {
  SequenceCache cache = sequence(tokens({{0, 50}}));
  EXPECT_FALSE(cache.needs_marks());
  EXPECT_FALSE(cache.mark());
  EXPECT_EQ(cache.reachable(17), 17);
  EXPECT_EQ(cache.reachable(99), 50);
  EXPECT_EQ(cache.reachable(0), 0);
  cache.rewind(17);
  EXPECT_EQ(cache.tokens(), tokens({{0, 17}}));
  EXPECT_EQ(held(cache, 17), tokens({{0, 17}}));
}

TEST(SequenceCache, GoesBackToMarksOtherwise) {
  SequenceCache cache = sequence(tokens({{0, 900}}), 4, {100, 300, 700});
  EXPECT_TRUE(cache.needs_marks());
  EXPECT_EQ(cache.reachable(899), 899) << "the window is still there";
  EXPECT_EQ(cache.reachable(600), 300);
  EXPECT_EQ(cache.reachable(99), 0);
  SequenceCache fork = cache.fork(300);
  EXPECT_EQ(held(fork, 4), tokens({{296, 300}}));
  EXPECT_EQ(fork.reachable(200), 100);
  EXPECT_EQ(fork.reachable(800), 300);
  cache.rewind(700);
  EXPECT_EQ(held(cache, 4), tokens({{696, 700}}));
  cache.rewind(300);
  EXPECT_EQ(held(cache, 4), tokens({{296, 300}}));
  EXPECT_EQ(cache.reachable(299), 299);
}

TEST(SequenceCache, KeepsTheFirstMarkAndTheLastSeven) {
  std::vector<int> marks(20);
  for (int i = 0; i < 20; ++i) marks[size_t(i)] = 50 * (i + 1);
  SequenceCache cache = sequence(tokens({{0, 2000}}), 2, marks);
  EXPECT_EQ(cache.reachable(200), 50);
  EXPECT_EQ(cache.reachable(649), 50);
  EXPECT_EQ(cache.reachable(740), 700);
  EXPECT_EQ(cache.reachable(1500), 1000);
}

TEST(PrefixStore, GivesTheLongestBeginning) {
  PrefixStore store(1 << 20);
  EXPECT_FALSE(store.take(tokens({{0, 5}})));
  store.put(sequence(tokens({{0, 20}})));
  store.put(sequence(tokens({{0, 10}, {50, 60}})));
  EXPECT_EQ(store.count(), 2u);
  EXPECT_EQ(store.longest(tokens({{0, 10}, {50, 58}, {1, 3}})), 18);
  auto found = store.take(tokens({{0, 10}, {50, 58}, {1, 3}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tokens(), tokens({{0, 10}, {50, 58}}));
  EXPECT_EQ(held(*found, 3), tokens({{55, 58}}));
  EXPECT_EQ(store.count(), 1u) << "it was taken";
  EXPECT_FALSE(store.take(tokens({{7, 9}})));
  found = store.take(tokens({{0, 20}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->length(), 19) << "the last token's logits are needed";
  EXPECT_EQ(store.count(), 0u);
}

TEST(PrefixStore, ASharedBeginningIsCopied) {
  PrefixStore store(1 << 20);
  store.put(sequence(tokens({{0, 100}})));
  auto copy = store.take(tokens({{0, 30}, {500, 510}}));
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->tokens(), tokens({{0, 30}}));
  EXPECT_EQ(store.count(), 1u);
  auto whole = store.take(tokens({{0, 110}}));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->length(), 100);
  EXPECT_EQ(held(*whole, 100), tokens({{0, 100}}));
  EXPECT_EQ(held(*copy, 30), tokens({{0, 30}}));
}

TEST(PrefixStore, WhatBeginsAnotherIsSuperfluous) {
  PrefixStore store(1 << 20);
  store.put(sequence(tokens({{0, 30}})));
  store.put(sequence(tokens({{0, 60}})));
  EXPECT_EQ(store.count(), 1u);
  store.put(sequence(tokens({{0, 600}}), 3));
  EXPECT_EQ(store.count(), 2u) << "one that cannot go back there does not replace it";
}

TEST(PrefixStore, ForgetsWhatWasUsedLongestAgo) {
  const size_t one = sequence(tokens({{0, 10}})).nbytes();
  PrefixStore store(3 * one);
  for (int i = 0; i < 3; ++i) store.put(sequence(tokens({{100 * i, 100 * i + 10}})));
  EXPECT_EQ(store.count(), 3u);
  auto first = store.take(tokens({{0, 12}}));
  store.put(std::move(*first));
  store.put(sequence(tokens({{900, 910}})));
  EXPECT_LE(store.nbytes(), 3 * one);
  EXPECT_EQ(store.longest(tokens({{0, 12}})), 10);
  EXPECT_EQ(store.longest(tokens({{100, 112}})), 0);
  PrefixStore small(0);
  small.put(sequence(tokens({{0, 10}})));
  small.put(sequence(tokens({{20, 30}})));
  EXPECT_EQ(small.count(), 1u) << "the last one stays in any case";
}

TEST(PrefixStore, GoingOnFromAStoredSequenceCopiesNothing) {
  const auto rows = [](int count) {
    return contiguous(broadcast_to(array(1.0f), {1, 8, count, 64}));
  };
  const auto read = [&](SequenceCache& cache, const std::vector<int32_t>& ids) {
    static_cast<KeyValueCache&>(*cache.layers()[0])
        .append(rows(int(ids.size())), rows(int(ids.size())));
    cache.append(ids.data(), int(ids.size()));
    eval(cache.arrays());
  };
  Cache layers;
  layers.push_back(std::make_unique<KeyValueCache>());
  SequenceCache cache(std::move(layers));
  read(cache, tokens({{0, 2000}}));
  const size_t held_bytes = cache.nbytes();
  PrefixStore store(size_t(1) << 30);
  store.put(std::move(cache));
  reset_peak_memory();
  const size_t before = get_active_memory();
  auto again = store.take(tokens({{0, 1990}, {7, 12}}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->length(), 1990);
  read(*again, tokens({{7, 12}}));
  EXPECT_LT(get_peak_memory() - before, held_bytes / 20);
}

}  // namespace
}  // namespace quern::models
