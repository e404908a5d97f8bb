#include "models/decoder/attention_mask.h"

#include <gtest/gtest.h>

namespace quern::models {
namespace {

TEST(AttentionMask, NeedsNoArrayWhileTheWindowHoldsEverything) {
  AttentionMasks masks;
  EXPECT_EQ(masks.mask({.queries = 1, .keys = 100, .offset = 99}).mode, "");
  EXPECT_EQ(masks.mask({.queries = 5, .keys = 100, .offset = 95}).mode, "causal");
  EXPECT_EQ(masks.mask({.queries = 5, .keys = 8, .offset = 3, .window = 8}).mode, "causal");
  EXPECT_EQ(masks.mask({.queries = 1, .keys = 8, .offset = 7, .window = 8}).mode, "");
}

TEST(AttentionMask, LetsEachTokenSeeItsWindow) {
  AttentionMasks masks;
  const AttentionMask& mask = masks.mask({.queries = 3, .keys = 5, .offset = 2, .window = 3});
  EXPECT_EQ(mask.mode, "array");
  ASSERT_EQ(mask.keep->shape(), (Shape{3, 5}));
  const bool expected[3][5] = {{1, 1, 1, 0, 0}, {0, 1, 1, 1, 0}, {0, 0, 1, 1, 1}};
  for (int q = 0; q < 3; ++q) {
    for (int k = 0; k < 5; ++k) EXPECT_EQ(mask.keep->data<bool>()[q * 5 + k], expected[q][k]);
  }
}

TEST(AttentionMask, IsSharedByLayersOfAKind) {
  AttentionMasks masks;
  const auto first = masks.mask({.queries = 3, .keys = 5, .offset = 2, .window = 3}).keep->id();
  masks.mask({.queries = 3, .keys = 9, .offset = 6});
  EXPECT_EQ(masks.mask({.queries = 3, .keys = 5, .offset = 2, .window = 3}).keep->id(), first);
}

TEST(AttentionMasks, AChunkEndsWhereTheNextBegins) {
  AttentionMasks masks;
  // Positions 6 to 9 look at keys 4 to 9: chunks of 4 begin at 4 and 8.
  const AttentionMask& mask = masks.mask({.queries = 4, .keys = 6, .offset = 6, .chunk = 4});
  ASSERT_EQ(mask.mode, "array");
  const bool expected[4][6] = {
      {1, 1, 1, 0, 0, 0}, {1, 1, 1, 1, 0, 0}, {0, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 1, 1}};
  array keep = *mask.keep;
  keep.eval();
  for (int q = 0; q < 4; ++q) {
    for (int k = 0; k < 6; ++k) EXPECT_EQ(keep.data<bool>()[q * 6 + k], expected[q][k]) << q << k;
  }
}

}  // namespace
}  // namespace quern::models
