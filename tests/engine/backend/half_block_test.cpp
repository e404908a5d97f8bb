#include "engine/backend/cpu/half_block.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

namespace quern {
namespace {

template <typename Half>
std::vector<Half> every_half() {
  std::vector<Half> all(1 << 16);
  for (size_t i = 0; i < all.size(); ++i) all[i].bits = uint16_t(i);
  return all;
}

/// Floats around every half: the halves themselves, the points midway to the next, and their
/// neighbours.
template <typename Half>
std::vector<float> floats_to_round() {
  std::vector<float> all;
  for (uint32_t bits = 0; bits < (1u << 16); ++bits) {
    Half low, high;
    low.bits = uint16_t(bits);
    high.bits = uint16_t(bits + 1);
    const float middle = 0.5f * float(low) + 0.5f * float(high);
    for (const float x :
         {float(low), middle, std::nextafter(middle, -1e30f), std::nextafter(middle, 1e30f)}) {
      all.push_back(x);
    }
  }
  return all;
}

template <typename Half>
void expect_same_as_scalar() {
  const std::vector<Half> halves = every_half<Half>();
  std::vector<float> wide(halves.size());
  cpu::widen(halves.data(), wide.data(), halves.size());
  for (size_t i = 0; i < halves.size(); ++i) {
    const float want = float(halves[i]);
    if (std::isnan(want))
      ASSERT_TRUE(std::isnan(wide[i])) << i;
    else
      ASSERT_EQ(std::bit_cast<uint32_t>(wide[i]), std::bit_cast<uint32_t>(want)) << i;
  }
  const std::vector<float> floats = floats_to_round<Half>();
  std::vector<Half> narrow(floats.size());
  cpu::narrow(floats.data(), narrow.data(), floats.size());
  for (size_t i = 0; i < floats.size(); ++i) {
    if (std::isnan(floats[i]))
      ASSERT_TRUE(std::isnan(float(narrow[i]))) << floats[i];
    else
      ASSERT_EQ(narrow[i].bits, Half(floats[i]).bits) << floats[i];
  }
}

TEST(HalfBlock, Float16IsAsTheScalarConversion) { expect_same_as_scalar<float16_t>(); }
TEST(HalfBlock, BFloat16IsAsTheScalarConversion) { expect_same_as_scalar<bfloat16_t>(); }

}  // namespace
}  // namespace quern
