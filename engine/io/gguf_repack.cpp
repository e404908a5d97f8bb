#include "engine/io/gguf_repack.h"

#include <array>
#include <cstring>

#include "engine/io/gguf_layout.h"

namespace quern {

namespace {

using namespace gguf;
using Groups = GGUFRepacking::Groups;

template <int n, typename F>
void set_codes(const Groups& to, F&& f) {
  for (int i = 0; i < n; ++i) to.codes[i] = uint8_t(f(i));
}

/// Groups whose bias is -zero * scale.
template <int groups, typename F>
void set_symmetric(const Groups& to, float zero, F&& scale) {
  for (int g = 0; g < groups; ++g) {
    to.scales[g] = scale(g);
    to.biases[g] = -zero * to.scales[g];
  }
}

void q4_0(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return nibble(block + 2, i); });
  set_symmetric<1>(to, 8, [&](int) { return read_half(block); });
}

void q4_1(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return nibble(block + 4, i); });
  *to.scales = read_half(block);
  *to.biases = read_half(block + 2);
}

int five_bits(const uint8_t* high, const uint8_t* low, int i) {
  return nibble(low, i) | int(read<uint32_t>(high) >> i & 1) << 4;
}

void q5_0(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return five_bits(block + 2, block + 6, i); });
  set_symmetric<1>(to, 16, [&](int) { return read_half(block); });
}

void q5_1(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return five_bits(block + 4, block + 8, i); });
  *to.scales = read_half(block);
  *to.biases = read_half(block + 2);
}

void q8_0(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return block[2 + i] ^ 0x80; });
  set_symmetric<1>(to, 128, [&](int) { return read_half(block); });
}

void q2_k(const uint8_t* block, const Groups& to) {
  const float d = read_half(block + 80), m = read_half(block + 82);
  set_codes<256>(to, [&](int i) { return bit_pair(block + 16, i); });
  for (int g = 0; g < 16; ++g) {
    to.scales[g] = d * float(block[g] & 15);
    to.biases[g] = -m * float(block[g] >> 4);
  }
}

void q3_k(const uint8_t* block, const Groups& to) {
  const float d = read_half(block + 108);
  set_codes<256>(to, [&](int i) { return bit_pair(block + 32, i) | far_bit(block, i) << 2; });
  set_symmetric<16>(to, 4, [&](int g) { return d * float(q3_k_scale(block, g)); });
}

void set_six_bit_scales(const uint8_t* block, const Groups& to) {
  const SixBitScales s(block + 4, read_half(block), read_half(block + 2));
  for (int g = 0; g < 8; ++g) {
    to.scales[g] = s.scale[size_t(g)];
    to.biases[g] = -s.minimum[size_t(g)];
  }
}

void q4_k(const uint8_t* block, const Groups& to) {
  set_codes<256>(to, [&](int i) { return far_nibble(block + 16, i); });
  set_six_bit_scales(block, to);
}

void q5_k(const uint8_t* block, const Groups& to) {
  set_codes<256>(to,
                 [&](int i) { return far_nibble(block + 48, i) | far_bit(block + 16, i) << 4; });
  set_six_bit_scales(block, to);
}

void q6_k(const uint8_t* block, const Groups& to) {
  const float d = read_half(block + 208);
  set_codes<256>(to, [&](int i) { return six_bits(block, i); });
  set_symmetric<16>(to, 32, [&](int g) { return d * float(int8_t(block[192 + g])); });
}

void iq4_nl(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return uneven[size_t(nibble(block + 2, i))] + 128; });
  set_symmetric<1>(to, 128, [&](int) { return read_half(block); });
}

void iq4_xs(const uint8_t* block, const Groups& to) {
  const float d = read_half(block);
  set_codes<256>(
      to, [&](int i) { return uneven[size_t(nibble(block + 8 + 16 * (i / 32), i % 32))] + 128; });
  set_symmetric<8>(to, 128, [&](int g) { return d * float(iq4_xs_scale(block, g)); });
}

void tq1_0(const uint8_t* block, const Groups& to) {
  int i = 0;
  ternary_digits(block, [&](int digit) { to.codes[i++] = uint8_t(digit); });
  set_symmetric<8>(to, 1, [&](int) { return read_half(block + 52); });
}

void tq2_0(const uint8_t* block, const Groups& to) {
  set_codes<256>(to, [&](int i) { return bit_pair(block, i); });
  set_symmetric<8>(to, 1, [&](int) { return read_half(block + 64); });
}

void q1_0(const uint8_t* block, const Groups& to) {
  set_codes<128>(to, [&](int i) { return block[2 + i / 8] >> i % 8 & 1; });
  for (int g = 0; g < 4; ++g) {
    to.scales[g] = 2 * read_half(block);
    to.biases[g] = -read_half(block);
  }
}

void q2_0(const uint8_t* block, const Groups& to) {
  set_codes<64>(to, [&](int i) { return block[2 + i / 4] >> i % 4 * 2 & 3; });
  set_symmetric<2>(to, 1, [&](int) { return read_half(block); });
}

void mxfp4(const uint8_t* block, const Groups& to) {
  set_codes<32>(to, [&](int i) { return nibble(block + 1, i); });
  *to.scale_bytes = block[0];
}

void nvfp4(const uint8_t* block, const Groups& to) {
  for (int g = 0; g < 4; ++g) {
    const uint8_t* q = block + 4 + 8 * g;
    for (int i = 0; i < 16; ++i) to.codes[16 * g + i] = i < 8 ? q[i] & 15 : q[i - 8] >> 4;
    // Its sign means nothing.
    to.scale_bytes[g] = block[g] & 0x7f;
  }
}

constexpr std::array<GGUFRepacking, 18> repackings = {{
    {2, "affine", 4, 32, true, q4_0},
    {3, "affine", 4, 32, true, q4_1},
    {6, "affine", 5, 32, true, q5_0},
    {7, "affine", 5, 32, true, q5_1},
    {8, "affine", 8, 32, true, q8_0},
    {10, "affine", 2, 16, false, q2_k},
    {11, "affine", 3, 16, false, q3_k},
    {12, "affine", 4, 32, false, q4_k},
    {13, "affine", 5, 32, false, q5_k},
    {14, "affine", 6, 16, false, q6_k},
    {20, "affine", 8, 32, true, iq4_nl},
    {23, "affine", 8, 32, false, iq4_xs},
    {34, "affine", 2, 32, true, tq1_0},
    {35, "affine", 2, 32, true, tq2_0},
    {39, "mxfp4", 4, 32, false, mxfp4},
    {40, "nvfp4", 4, 16, false, nvfp4},
    {41, "affine", 2, 32, true, q1_0},
    {42, "affine", 2, 32, true, q2_0},
}};

/// Writes n codes as a stream of bits, lowest first; returns where it ends.
uint8_t* pack(const uint8_t* codes, size_t n, int bits, uint8_t* out) {
  if (bits == 8) {
    std::memcpy(out, codes, n);
    return out + n;
  }
  if (bits == 4) {
    for (size_t i = 0; i < n; i += 2) *out++ = uint8_t(codes[i] | codes[i + 1] << 4);
    return out;
  }
  // Eight codes fill `bits` bytes.
  for (size_t i = 0; i < n; i += 8) {
    uint64_t stream = 0;
    for (size_t k = 0; k < 8; ++k) stream |= uint64_t(codes[i + k]) << (k * size_t(bits));
    std::memcpy(out, &stream, size_t(bits));
    out += bits;
  }
  return out;
}

}  // namespace

const GGUFRepacking* find_gguf_repacking(uint32_t type) {
  for (const GGUFRepacking& row : repackings) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

void repack_gguf_blocks(const GGUFType& type, const GGUFRepacking& repacking, const uint8_t* blocks,
                        size_t count, uint8_t* packed, float* scales, float* biases,
                        uint8_t* scale_bytes) {
  std::array<uint8_t, 256> codes;
  const size_t groups = type.block_elements / size_t(repacking.group_size);
  Groups to{codes.data(), scales, biases, scale_bytes};
  for (size_t i = 0; i < count; ++i) {
    repacking.unpack(blocks + i * type.block_bytes, to);
    packed = pack(codes.data(), type.block_elements, repacking.bits, packed);
    if (scale_bytes) {
      to.scale_bytes += groups;
    } else {
      to.scales += groups;
      to.biases += groups;
    }
  }
}

}  // namespace quern
