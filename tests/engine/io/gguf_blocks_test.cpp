#include "engine/io/gguf_blocks.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/array/half.h"
#include "engine/io/gguf_repack.h"

namespace quern {
namespace {

/// What ggml's own functions gave for one block, whose bytes are made by `block_of`.
struct Decoded {
  uint32_t id;
  const char* name;
  double sum;
  double weighted;                ///< sum of (i + 1) * element i
  std::array<float, 5> elements;  ///< the first of each quarter, and the last
};

const std::vector<Decoded> decoded = {
    {2,
     "Q4_0",
     -1.09973145,
     -17.4957275,
     {0.0999755859, -0.699829102, 0.299926758, 0.199951172, 0.399902344}},
    {3,
     "Q4_1",
     22.6942139,
     358.008545,
     {1.46838379, 0.668579102, 0.868530273, 0.568603516, 0.46862793}},
    {6,
     "Q5_0",
     1.29968262,
     -8.89782715,
     {1.29968262, 0.49987793, 1.09973145, 0.599853516, -1.49963379}},
    {7,
     "Q5_1",
     52.2869873,
     781.705078,
     {1.86828613, 2.66809082, 1.66833496, 2.46813965, 0.0687255859}},
    {8,
     "Q8_0",
     41.5898438,
     1010.95312,
     {-7.0982666, -9.49768066, 0.899780273, -1.49963379, 5.89855957}},
    {10, "Q2_K", 379.319702, 46936.2852, {3.29919434, 1.78088379, 0.931030273, 2.2869873, 0.21875}},
    {11,
     "Q3_K",
     233.74292,
     5685.81152,
     {8.09802246, 3.39916992, -2.19946289, 0.399902344, -0.799804688}},
    {12,
     "Q4_K",
     7344.66797,
     894546.359,
     {34.6854248, 68.1148682, 43.0770264, 41.8775635, 38.2095947}},
    {13,
     "Q5_K",
     15097.9746,
     1662078.93,
     {84.2733154, 68.1148682, 105.461792, 41.8775635, 53.2059326}},
    {14,
     "Q6_K",
     -1064.54004,
     178423.629,
     {-143.065063, -303.925781, -121.470337, 15.5961914, 198.751465}},
    {15, "Q8_K", 0, 1169.92, {-0.969999969, -0.329999983, 0.310000002, 0.949999988, 0.370000005}},
    {20,
     "IQ4_NL",
     -10.3974609,
     -183.755127,
     {1.29968262, -10.3974609, 3.79907227, 2.49938965, 5.29870605}},
    {23,
     "IQ4_XS",
     -321.62146,
     -68089.2726,
     {6.49841309, -149.463501, 19.4952393, -6.49841309, -231.343506}},
    {34, "TQ1_0", -1.79956055, -146.76416, {-0.0999755859, 0, 0, 0, -0.0999755859}},
    {35,
     "TQ2_0",
     14.8963623,
     1733.57666,
     {0.199951172, -0.0999755859, 0.199951172, 0.0999755859, 0.0999755859}},
    {39, "MXFP4", 6.125, 168.75, {-0.375, 0.375, 0.75, -0.75, -0.125}},
    {40, "NVFP4", 423.731445, 11096.2979, {-0.12890625, 132, -6.75, 1.21875, 0}},
    {41,
     "Q1_0",
     1.99951172,
     148.963623,
     {0.0999755859, 0.0999755859, 0.0999755859, 0.0999755859, 0.0999755859}},
    {42, "Q2_0", 4.2989502, 146.264282, {0, 0, 0, 0, 0.199951172}},
};

/// Bytes from a formula, with the float16 fields of `halves` being 0.1 and -1/32.
std::vector<uint8_t> block_of(const GGUFType& type, const std::vector<size_t>& halves) {
  std::vector<uint8_t> block(type.block_bytes);
  for (unsigned i = 0; i < type.block_bytes; ++i) block[i] = uint8_t(i * i * 7 + i * 73 + 11);
  const std::array<uint16_t, 2> values = {0x2e66, 0xa800};
  for (size_t k = 0; k < halves.size(); ++k) std::memcpy(&block[halves[k]], &values[k], 2);
  if (type.name == "Q8_K") {
    const float d = 0.01f;
    std::memcpy(block.data(), &d, sizeof(d));
  }
  if (type.name == "MXFP4") block[0] = 125;
  return block;
}

/// Where a type has its scale and, if any, its minimum.
std::vector<size_t> halves_of(const GGUFType& type) {
  const std::string_view name = type.name;
  if (name == "Q8_K" || name == "MXFP4" || name == "NVFP4") return {};
  if (name == "Q4_1" || name == "Q5_1" || name == "Q4_K" || name == "Q5_K") return {0, 2};
  if (name == "Q2_K") return {80, 82};
  const bool at_end = name == "Q3_K" || name == "Q6_K" || name == "TQ1_0" || name == "TQ2_0";
  return {at_end ? type.block_bytes - 2 : 0};
}

TEST(GGUFBlocks, DecodeAsTheirInventorsDo) {
  for (const Decoded& want : decoded) {
    const GGUFType* type = find_gguf_type(want.id);
    ASSERT_NE(type, nullptr) << want.name;
    EXPECT_EQ(type->name, want.name);
    std::vector<float> out(type->block_elements);
    type->decode(block_of(*type, halves_of(*type)).data(), out.data());
    double sum = 0, weighted = 0, magnitude = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      sum += out[i];
      weighted += double(i + 1) * out[i];
      magnitude += std::abs(out[i]);
    }
    EXPECT_NEAR(sum, want.sum, 1e-6 * magnitude) << want.name;
    EXPECT_NEAR(weighted, want.weighted, 1e-6 * magnitude * double(out.size())) << want.name;
    for (size_t k = 0; k < 5; ++k) {
      const size_t at = k * out.size() / 4 - (k == 4);
      EXPECT_NEAR(out[at], want.elements[k], 1e-6 * (1 + std::abs(out[at]))) << want.name << at;
    }
  }
}

/// Decodes repacked groups by what ops/quantized.h says of the modes.
std::vector<double> decode_repacked(const GGUFRepacking& r, const std::vector<uint8_t>& packed,
                                    const std::vector<float>& scales,
                                    const std::vector<float>& biases,
                                    const std::vector<uint8_t>& scale_bytes, size_t elements) {
  constexpr double e2m1[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  std::vector<double> out;
  for (size_t i = 0; i < elements; ++i) {
    const size_t at = i * size_t(r.bits), group = i / size_t(r.group_size);
    unsigned code = 0;
    for (size_t b = 0; b < size_t(r.bits); ++b)
      code |= (packed[(at + b) / 8] >> ((at + b) % 8) & 1u) << b;
    if (std::string_view(r.mode) == "affine") {
      out.push_back(double(scales[group]) * code + double(biases[group]));
      continue;
    }
    const int s = scale_bytes[group];
    const double scale = std::string_view(r.mode) == "mxfp4" ? std::ldexp(1.0, s - 127)
                         : s >> 3 == 0                       ? std::ldexp(double(s & 7), -9)
                                       : std::ldexp(double(8 + (s & 7)), (s >> 3) - 10);
    out.push_back((code & 8 ? -1 : 1) * e2m1[code & 7] * scale);
  }
  return out;
}

TEST(GGUFBlocks, RepackedTheySayTheSameNumbers) {
  size_t repackings = 0;
  for (const Decoded& row : decoded) {
    const GGUFType* type = find_gguf_type(row.id);
    const GGUFRepacking* repacking = find_gguf_repacking(row.id);
    if (!repacking) continue;
    ++repackings;
    SCOPED_TRACE(row.name);
    std::vector<uint8_t> blocks = block_of(*type, halves_of(*type));
    if (type->name == "NVFP4") blocks[0] = 0x45;  // not a NaN
    const std::vector<uint8_t> one = blocks;
    blocks.insert(blocks.end(), one.rbegin(), one.rend());  // another one, of other bytes
    for (const size_t half : halves_of(*type))
      std::memcpy(&blocks[one.size() + half], &one[half], 2);
    if (type->name == "MXFP4") blocks[one.size()] = 130;
    if (type->name == "NVFP4") blocks[one.size() + 1] = 0x31;
    std::vector<float> want(2 * type->block_elements);
    for (size_t i = 0; i < 2; ++i)
      type->decode(&blocks[i * one.size()], &want[i * type->block_elements]);
    const size_t groups = want.size() / size_t(repacking->group_size);
    const bool affine = std::string_view(repacking->mode) == "affine";
    std::vector<uint8_t> packed(want.size() * size_t(repacking->bits) / 8), bytes(groups);
    std::vector<float> scales(groups), biases(groups);
    repack_gguf_blocks(*type, *repacking, blocks.data(), 2, packed.data(), scales.data(),
                       biases.data(), affine ? nullptr : bytes.data());
    const std::vector<double> found =
        decode_repacked(*repacking, packed, scales, biases, bytes, want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      const double bias = affine ? std::abs(double(biases[i / size_t(repacking->group_size)])) : 0;
      // The decoder rounds a product and a sum to float32.
      ASSERT_NEAR(found[i], double(want[i]), 2e-7 * (bias + std::abs(double(want[i])))) << i;
    }
    for (size_t g = 0; repacking->half_scales && g < groups; ++g) {
      EXPECT_EQ(float(float16_t(scales[g])), scales[g]);
      EXPECT_EQ(float(float16_t(biases[g])), biases[g]);
    }
  }
  EXPECT_EQ(repackings, 18u);
}

TEST(GGUFBlocks, TypesThatAreGoneOrUnknownAreNone) {
  for (const uint32_t id : {4u, 5u, 31u, 38u, 43u, 1000u}) EXPECT_EQ(find_gguf_type(id), nullptr);
  EXPECT_EQ(find_gguf_type(uint8), nullptr);
  EXPECT_EQ(find_gguf_type(bfloat16)->name, "BF16");
}

}  // namespace
}  // namespace quern
