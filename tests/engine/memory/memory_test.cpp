#include "engine/memory/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/memory/buffer.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern {
namespace {

class Memory : public testing::Test {
 protected:
  void SetUp() override { clear_cache(); }
  void TearDown() override {
    set_memory_limit(memory_limit_);
    set_cache_limit(cache_limit_);
  }

  const size_t memory_limit_ = get_memory_limit();
  const size_t cache_limit_ = [] {
    const size_t limit = set_cache_limit(size_t(1) << 30);
    return limit;
  }();
};

TEST_F(Memory, CountsWhatIsHeldAndWhatWasHeld) {
  const size_t before = get_active_memory();
  reset_peak_memory();
  {
    const auto buffer = Buffer::allocate(1'000'000);
    EXPECT_GE(get_active_memory() - before, 1'000'000u);
    EXPECT_LT(get_active_memory() - before, 1'010'000u);
  }
  EXPECT_EQ(get_active_memory(), before);
  EXPECT_GE(get_peak_memory() - before, 1'000'000u);
  reset_peak_memory();
  EXPECT_EQ(get_peak_memory(), before);
}

TEST_F(Memory, FreedBuffersAreReusedAndCanBeGivenBack) {
  void* first = Buffer::allocate(500'000)->data();
  EXPECT_GE(get_cache_memory(), 500'000u);
  EXPECT_EQ(Buffer::allocate(500'000)->data(), first);
  EXPECT_EQ(Buffer::allocate(450'000)->data(), first);
  clear_cache();
  EXPECT_EQ(get_cache_memory(), 0u);
}

TEST_F(Memory, TheCacheKeepsToItsLimit) {
  set_cache_limit(1'000'000);
  for (int i = 0; i < 4; ++i) {
    const auto a = Buffer::allocate(400'000), b = Buffer::allocate(600'000),
               c = Buffer::allocate(200'000);
  }
  EXPECT_LE(get_cache_memory(), 1'000'000u);
  set_cache_limit(0);
  EXPECT_EQ(get_cache_memory(), 0u);
}

TEST_F(Memory, WhatWasFreedFirstIsGivenBackFirst) {
  set_cache_limit(1'500'000);
  for (const size_t size : {500'000, 300'000, 900'000, 400'000}) Buffer::allocate(size);
  // The last two and, beside them, neither of the others.
  EXPECT_GE(get_cache_memory(), 1'300'000u);
  EXPECT_LE(get_cache_memory(), 1'320'000u);
  const auto reused = Buffer::allocate(900'000);
  EXPECT_LE(get_cache_memory(), 410'000u);
}

TEST_F(Memory, PastTheLimitAnAllocationThrowsWithTheSizes) {
  set_memory_limit(get_active_memory() + 1'000'000);
  { const auto fits = Buffer::allocate(900'000); }
  const auto half = Buffer::allocate(500'000);  // needs what the cache holds
  try {
    Buffer::allocate(800'000);
    FAIL() << "no error";
  } catch (const OutOfMemory& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("800000"));
    EXPECT_THAT(e.what(), testing::HasSubstr(std::to_string(get_memory_limit())));
  }
}

TEST_F(Memory, AnAbsurdSizeThrows) {
  EXPECT_THROW(Buffer::allocate(SIZE_MAX), OutOfMemory);
  EXPECT_THROW(Buffer::allocate(SIZE_MAX / 2), OutOfMemory);
}

TEST_F(Memory, AnAbsurdSizeThrowsWithoutALimitToo) {
  set_memory_limit(SIZE_MAX);
  try {
    Buffer::allocate(size_t(1) << 60);
    FAIL() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("1152921504606846976"));
  }
}

TEST_F(Memory, AKernelThatAsksForTooMuchThrowsToWhoeverWaits) {
  // 2^60 bytes, in a kernel on a stream's worker.
  const array absurd = contiguous(broadcast_to(array(1.0f), {1 << 29, 1 << 29}));
  for (const size_t limit : {memory_limit_, SIZE_MAX}) {
    set_memory_limit(limit);
    try {
      array a = exp(absurd);
      a.eval();
      FAIL() << "no error";
    } catch (const std::runtime_error& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr("1152921504606846976"));
    }
  }
  EXPECT_EQ((array({1.0f}) + 1.0f).item<float>(), 2.0f);
}

TEST_F(Memory, ShapesWithMoreBytesThanCanBeCountedAreNoArrays) {
  constexpr int big = 1 << 30;
  EXPECT_THROW(zeros({big, big, 4}), std::overflow_error);
  EXPECT_THROW(broadcast_to(array(1.0f), {big, big, 2}), std::overflow_error);
  EXPECT_THROW(zeros({0, big, big, big}), std::overflow_error);
  EXPECT_NO_THROW(zeros({big, big}));
}

TEST_F(Memory, SettersReturnWhatWasSetBefore) {
  EXPECT_EQ(set_memory_limit(123'456'789), memory_limit_);
  EXPECT_EQ(set_memory_limit(memory_limit_), 123'456'789u);
  set_cache_limit(1000);
  EXPECT_EQ(set_cache_limit(2000), 1000u);
  const size_t wired = set_wired_limit(5000);
  EXPECT_EQ(set_wired_limit(wired), 5000u);
}

TEST_F(Memory, TheLimitIsAShareOfTheMachinesMemory) {
  const size_t all = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE));
  EXPECT_GT(memory_limit_, all / 2);
  EXPECT_LT(memory_limit_, all);
}

}  // namespace
}  // namespace quern
