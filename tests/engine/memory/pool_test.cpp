#include "engine/memory/pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace quern {
namespace {

TEST(Pool, BlocksAreAlignedAndApart) {
  std::set<uint8_t*> blocks;
  for (int i = 0; i < 1000; ++i) {
    auto* block = static_cast<uint8_t*>(take_pooled(100));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    std::memset(block, i, 100);
    blocks.insert(block);
  }
  ASSERT_EQ(blocks.size(), 1000u);
  const uint8_t* previous = nullptr;
  for (const uint8_t* block : blocks) {
    if (previous) {
      EXPECT_GE(block - previous, 100);
    }
    previous = block;
  }
  for (uint8_t* block : blocks) release_pooled(block, 100);
}

TEST(Pool, OneThreadMayReleaseWhatAnotherTook) {
  std::vector<void*> blocks;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 500; ++i) blocks.push_back(std::memset(take_pooled(64), round, 64));
    std::thread other([&] {
      for (void* block : blocks) {
        EXPECT_EQ(*static_cast<char*>(block), round);
        release_pooled(block, 64);
      }
    });
    other.join();
    blocks.clear();
  }
}

TEST(Pool, ObjectsOfAnySizeAreDestroyed) {
  struct Small {
    explicit Small(int* count) : count(count) { ++*count; }
    ~Small() { --*count; }
    int* count;
  };
  struct Large : Small {
    using Small::Small;
    char more[2 * largest_pooled];
  };
  int alive = 0;
  {
    const auto small = make_pooled<Small>(&alive);
    const auto large = make_pooled<Large>(&alive);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace quern
