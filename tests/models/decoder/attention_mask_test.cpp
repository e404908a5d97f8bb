#include "models/decoder/attention_mask.h"

#include <gtest/gtest.h>

namespace quern::models {
namespace {

TEST(AttentionMask, NeedsNoArrayWhileTheWindowHoldsEverything) {
  AttentionMasks masks;
  EXPECT_EQ(masks.mask(1, 100, std::nullopt).mode, "");
  EXPECT_EQ(masks.mask(5, 100, std::nullopt).mode, "causal");
  EXPECT_EQ(masks.mask(5, 8, 8).mode, "causal");
  EXPECT_EQ(masks.mask(1, 8, 8).mode, "");
}

TEST(AttentionMask, LetsEachTokenSeeItsWindow) {
  AttentionMasks masks;
  const AttentionMask& mask = masks.mask(3, 5, 3);
  EXPECT_EQ(mask.mode, "array");
  ASSERT_EQ(mask.keep->shape(), (Shape{3, 5}));
  const bool expected[3][5] = {{1, 1, 1, 0, 0}, {0, 1, 1, 1, 0}, {0, 0, 1, 1, 1}};
  for (int q = 0; q < 3; ++q) {
    for (int k = 0; k < 5; ++k) EXPECT_EQ(mask.keep->data<bool>()[q * 5 + k], expected[q][k]);
  }
}

TEST(AttentionMask, IsSharedByLayersOfAKind) {
  AttentionMasks masks;
  const auto first = masks.mask(3, 5, 3).keep->id();
  masks.mask(3, 9, std::nullopt);
  EXPECT_EQ(masks.mask(3, 5, 3).keep->id(), first);
}

}  // namespace
}  // namespace quern::models
