#include "models/cache/recurrent_cache.h"

#include <gtest/gtest.h>

#include "engine/ops/shape.h"
#include "models/cache/cache_pair.h"
#include "models/cache/key_value_cache.h"
#include "models/error.h"

namespace quern::models {
namespace {

array filled(float value, const Shape& shape, Dtype dtype = float32) {
  return broadcast_to(array(value, dtype), shape);
}

/// The first element.
float value_of(const array& a) {
  array dense = contiguous(a);
  dense.eval();
  return dense.data<float>()[0];
}

RecurrentCache used_cache() {
  RecurrentCache cache({{3, 4}, {2}});
  cache.update({filled(1, {1, 3, 4}), filled(2, {1, 2})}, 5);
  return cache;
}

TEST(RecurrentCache, CountsTokens) {
  RecurrentCache cache({{3, 4}, {2}});
  EXPECT_FALSE(cache.past(0));
  EXPECT_EQ(cache.offset(), 0);
  cache.update({filled(1, {1, 3, 4}), filled(2, {1, 2})}, 5);
  cache.update({filled(3, {1, 3, 4}), filled(4, {1, 2})}, 1);
  EXPECT_EQ(cache.offset(), 6);
  EXPECT_EQ(value_of(*cache.past(0)), 3);
  EXPECT_EQ(value_of(*cache.past(1)), 4);
}

TEST(RecurrentCache, ForgetsNothing) {
  RecurrentCache cache = used_cache();
  EXPECT_TRUE(cache.trim(0));
  EXPECT_FALSE(cache.trim(1));
  EXPECT_FALSE(cache.trim(-1));
  EXPECT_EQ(cache.offset(), 5);
}

TEST(RecurrentCache, ACloneGoesOnByItself) {
  RecurrentCache cache = used_cache();
  const auto clone = cache.clone();
  cache.update({filled(7, {1, 3, 4}), filled(8, {1, 2})}, 1);
  EXPECT_EQ(clone->offset(), 5);
  EXPECT_EQ(value_of(clone->state().arrays[1]), 2);
}

TEST(RecurrentCache, RestoresItsState) {
  RecurrentCache other({{3, 4}, {2}});
  other.restore(used_cache().state());
  EXPECT_EQ(other.offset(), 5);
  EXPECT_EQ(value_of(*other.past(0)), 1);
  other.restore({});
  EXPECT_EQ(other.offset(), 0);
  EXPECT_FALSE(other.past(1));
}

TEST(RecurrentCache, RefusesStatesThatDoNotFit) {
  const LayerState good = used_cache().state();
  std::vector<LayerState> bad(7, good);
  bad[0].arrays.pop_back();
  bad[1].arrays[0] = filled(1, {1, 4, 3});
  bad[2].arrays[0] = filled(1, {1, 12});
  bad[3].arrays[1] = filled(1, {2, 2});
  bad[4].arrays[1] = filled(1, {1, 2}, int32);
  bad[5].numbers[0] = -1;
  bad[6].numbers.clear();
  for (const LayerState& state : bad) {
    RecurrentCache cache({{3, 4}, {2}});
    EXPECT_THROW(cache.restore(state), ModelError);
  }
}

CachePair pair() {
  return CachePair(std::make_unique<RecurrentCache>(std::vector<Shape>{{2}}),
                   std::make_unique<KeyValueCache>());
}

void use(CachePair& cache, int tokens) {
  static_cast<RecurrentCache*>(cache.half(0))->update({filled(3, {1, 2})}, tokens);
  static_cast<KeyValueCache*>(cache.half(1))
      ->update(filled(4, {1, 1, tokens, 2}), filled(5, {1, 1, tokens, 2}));
}

TEST(CachePair, KeepsBothStates) {
  CachePair cache = pair();
  EXPECT_TRUE(cache.state().arrays.empty());
  EXPECT_TRUE(cache.state().numbers.empty());
  use(cache, 4);
  EXPECT_EQ(cache.offset(), 4);
  CachePair other = pair();
  other.restore(cache.state());
  EXPECT_EQ(other.half(0)->offset(), 4);
  EXPECT_EQ(other.half(1)->offset(), 4);
  EXPECT_EQ(value_of(other.half(1)->state().arrays[1]), 5);
  const auto clone = cache.clone();
  use(cache, 1);
  EXPECT_EQ(clone->offset(), 4);
  other.restore({});
  EXPECT_EQ(other.offset(), 0);
}

TEST(CachePair, ForgetsInBothOrNone) {
  CachePair cache = pair();
  use(cache, 4);
  EXPECT_FALSE(cache.trim(2));
  EXPECT_EQ(cache.half(1)->offset(), 4);
  CachePair other(std::make_unique<KeyValueCache>(),
                  std::make_unique<RecurrentCache>(std::vector<Shape>{{2}}));
  static_cast<KeyValueCache*>(other.half(0))
      ->update(filled(4, {1, 1, 3, 2}), filled(5, {1, 1, 3, 2}));
  EXPECT_FALSE(other.trim(1));
  EXPECT_EQ(other.half(0)->offset(), 3);
  EXPECT_TRUE(other.trim(0));
}

TEST(CachePair, RefusesStatesThatDoNotFit) {
  CachePair cache = pair();
  use(cache, 4);
  const LayerState good = cache.state();
  std::vector<LayerState> bad(5, good);
  bad[0].numbers.resize(1);
  bad[1].numbers[0] = 9;
  bad[2].numbers[1] = 9;
  bad[3].numbers[0] = -1;
  bad[4].arrays.pop_back();
  for (const LayerState& state : bad) {
    CachePair other = pair();
    EXPECT_THROW(other.restore(state), ModelError);
  }
}

}  // namespace
}  // namespace quern::models
