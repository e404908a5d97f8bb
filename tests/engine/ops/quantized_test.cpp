#include "engine/ops/quantized.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/graph/eval.h"
#include "engine/ops/fast.h"
#include "engine/ops/fp8.h"
#include "engine/ops/indexing.h"
#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

/// x [rows, columns] with each group of a row rounded to integers of at most `most`: what products
/// may multiply with.
array rounded(const array& x, int group_size, float most) {
  array wide = astype(x, float32);
  wide.eval();
  std::vector<float> out(wide.data<float>(), wide.data<float>() + wide.size());
  for (size_t g = 0; g < out.size(); g += size_t(group_size)) {
    float peak = 0;
    for (size_t i = g; i < g + size_t(group_size); ++i) peak = std::max(peak, std::abs(out[i]));
    const float scale = peak / most, inverse = peak == 0 ? 0 : 1 / scale;
    for (size_t i = g; i < g + size_t(group_size); ++i)
      out[i] = std::nearbyint(out[i] * inverse) * scale;
  }
  return array(out.begin(), x.shape());
}

/// x @ W^T in float64, w [n, k].
std::vector<double> product(const array& x, const std::vector<double>& w, int n) {
  const auto m = size_t(x.shape(0)), k = size_t(x.shape(1)), columns = size_t(n);
  const std::vector<double> xs = doubles(x);
  std::vector<double> out(m * columns, 0);
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      for (size_t l = 0; l < k; ++l) out[i * columns + j] += xs[i * k + l] * w[j * k + l];
    }
  }
  return out;
}

/// expect_close to one of some expectations, the last unless all of it is another's: whichever way
/// the machine computes it.
void expect_close_to_one(const array& got, const std::vector<std::vector<double>>& expectations,
                         double rtol, double atol) {
  const std::vector<double> values = doubles(got);
  for (const std::vector<double>& want : expectations) {
    bool is_it = values.size() == want.size();
    for (size_t i = 0; is_it && i < want.size(); ++i)
      is_it = std::abs(values[i] - want[i]) <= atol + rtol * std::abs(want[i]);
    if (is_it) return;
  }
  expect_close(got, expectations.back(), rtol, atol);
}

/// x @ W^T as it is, and with x rounded to words and to bytes.
std::vector<std::vector<double>> products(const array& x, const std::vector<double>& w, int n,
                                          int group_size) {
  return {product(x, w, n), product(rounded(x, group_size, 32767), w, n),
          product(rounded(x, group_size, 127), w, n)};
}

/// Decodes the bit stream element by element: [rows, columns] in float64.
std::vector<double> decode(const array& w_q, const array& scales, const array& biases,
                           int group_size, int bits) {
  array words = contiguous(w_q);
  words.eval();
  const uint32_t* stream = words.data<uint32_t>();
  const std::vector<double> s = doubles(scales), b = doubles(biases);
  std::vector<double> out(words.size() * 32 / size_t(bits));
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t at = i * size_t(bits);
    uint64_t pair = stream[at / 32];
    if (at / 32 + 1 < words.size()) pair |= uint64_t(stream[at / 32 + 1]) << 32;
    const auto q = double(pair >> (at % 32) & ((1u << bits) - 1));
    out[i] = q * s[i / size_t(group_size)] + b[i / size_t(group_size)];
  }
  return out;
}

struct Scheme {
  int bits;
  int group_size;
  Dtype dtype;
};

class Affine : public testing::TestWithParam<Scheme> {
 protected:
  const int bits = GetParam().bits;
  const int group_size = GetParam().group_size;
  const Dtype dtype = GetParam().dtype;
};

TEST_P(Affine, QuantizeStaysWithinAStepAndKeepsTheLargerEdge) {
  const array w = random_array({7, 5 * group_size}, dtype, 3);
  const auto q = quantize(w, group_size, bits);
  ASSERT_EQ(q.size(), 3u);
  EXPECT_EQ(q[0].shape(), (Shape{7, 5 * group_size * bits / 32}));
  EXPECT_EQ(q[1].shape(), (Shape{7, 5}));
  EXPECT_EQ(q[1].dtype(), dtype);
  const std::vector<double> values = doubles(w),
                            decoded = decode(q[0], q[1], q[2], group_size, bits);
  const std::vector<double> scales = doubles(q[1]);
  for (size_t g = 0; g < scales.size(); ++g) {
    const size_t first = g * size_t(group_size);
    double edge = 0, at_edge = 0;
    for (size_t i = first; i < first + size_t(group_size); ++i) {
      // The grid starts at the larger edge, which can take a step from the other end; and rounding
      // the scale to the dtype adds up over the levels.
      const double slack = precision(dtype) * (1 << bits) * std::abs(scales[g]) + precision(dtype);
      EXPECT_LE(std::abs(decoded[i] - values[i]), 1.01 * std::abs(scales[g]) + slack);
      // Of equal magnitudes it is the positive one.
      if (std::abs(values[i]) > std::abs(edge) || values[i] == -std::min(edge, 0.0)) {
        edge = values[i];
        at_edge = decoded[i];
      }
    }
    EXPECT_EQ(at_edge, edge);
  }
}

TEST_P(Affine, DequantizeDecodesTheStream) {
  const auto q = quantize(random_array({3, 2, 3 * group_size}, dtype, 4), group_size, bits);
  const std::vector<double> want = decode(q[0], q[1], q[2], group_size, bits);
  const array out = dequantize(q[0], q[1], q[2], group_size, bits);
  EXPECT_EQ(out.shape(), (Shape{3, 2, 3 * group_size}));
  EXPECT_EQ(out.dtype(), dtype);
  expect_close(out, want, precision(dtype) * 1.01, 1e-6);
  expect_close(dequantize(q[0], q[1], q[2], group_size, bits, "affine", std::nullopt, float32),
               want, 1e-6, 1e-6);
}

TEST_P(Affine, MatmulEqualsTheProductWithTheDecodedWeight) {
  for (const int k : {group_size, 65 * group_size}) {
    for (const int n : {1, 3, 17}) {
      const auto q = quantize(random_array({n, k}, dtype, 5), group_size, bits);
      const std::vector<double> w = decode(q[0], q[1], q[2], group_size, bits);
      for (const int m : {1, 2, 3, 4, 5, 8, 33}) {
        SCOPED_TRACE(testing::Message() << m << " " << k << " " << n);
        const array x = random_array({m, k}, dtype, 6);
        const array out = quantized_matmul(x, q[0], q[1], q[2], true, group_size, bits);
        EXPECT_EQ(out.shape(), (Shape{m, n}));
        EXPECT_EQ(out.dtype(), dtype);
        std::vector<std::vector<double>> wanted = {product(x, w, n)};
        if (dtype != float32) wanted.push_back(product(rounded(x, group_size, 32767), w, n));
        expect_close_to_one(out, wanted, 1.01 * precision(dtype), 3e-7 * k);
      }
    }
  }
}

TEST_P(Affine, FastMatmulMayRoundHalvesToBytes) {
  for (const int k : {group_size, 65 * group_size}) {
    for (const int n : {1, 40, 130}) {
      const auto q = quantize(random_array({n, k}, dtype, 5), group_size, bits);
      const std::vector<double> w = decode(q[0], q[1], q[2], group_size, bits);
      for (const int m : {1, 3, 4, 5, 16, 33, 66}) {
        SCOPED_TRACE(testing::Message() << m << " " << k << " " << n);
        const array x = random_array({m, k}, dtype, 6);
        const array out = fast::quantized_matmul(x, q[0], q[1], q[2], true, group_size, bits);
        EXPECT_EQ(out.dtype(), dtype);
        std::vector<std::vector<double>> wanted = products(x, w, n, group_size);
        if (dtype == float32) wanted.resize(1);
        expect_close_to_one(out, wanted, 1.01 * precision(dtype), 3e-7 * k);
      }
    }
  }
}

TEST_P(Affine, MatmulWithoutTransposeEqualsTheProductWithTheDecodedWeight) {
  const int n = 3 * group_size + (group_size == 32 ? 64 : 0);
  for (const int k : {5, 600}) {
    const auto q = quantize(random_array({k, n}, dtype, 5), group_size, bits);
    const std::vector<double> w = decode(q[0], q[1], q[2], group_size, bits);
    for (const int m : {1, 33}) {
      const array x = random_array({m, k}, dtype, 6);
      const std::vector<double> xs = doubles(x);
      std::vector<double> want(size_t(m * n), 0);
      for (size_t i = 0; i < size_t(m); ++i) {
        for (size_t l = 0; l < size_t(k); ++l) {
          for (size_t j = 0; j < size_t(n); ++j)
            want[i * size_t(n) + j] += xs[i * size_t(k) + l] * w[l * size_t(n) + j];
        }
      }
      expect_close(quantized_matmul(x, q[0], q[1], q[2], false, group_size, bits), want,
                   1.01 * precision(dtype), 3e-7 * k);
    }
  }
}

std::vector<Scheme> schemes() {
  std::vector<Scheme> all;
  const Dtype dtypes[] = {float32, float16, bfloat16};
  for (const int bits : {2, 3, 4, 5, 6, 8}) {
    for (const int group_size : {32, 64, 128}) {
      all.push_back({bits, group_size, dtypes[all.size() % 3]});
      if (bits == 4) all.push_back({bits, group_size, dtypes[(all.size() + 1) % 3]});
    }
    // A group of 16 alone fills whole words at these widths only.
    if (bits % 2 == 0) all.push_back({bits, 16, dtypes[all.size() % 3]});
  }
  all.push_back({2, 16, bfloat16});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Schemes, Affine, testing::ValuesIn(schemes()), [](const auto& info) {
  return std::to_string(info.param.bits) + "_bits_groups_of_" +
         std::to_string(info.param.group_size) + "_" + std::string(dtype_name(info.param.dtype));
});

TEST(AffineInGroupsOf16, MayEndInTheMiddleOfAWord) {
  for (const int bits : {3, 5}) {
    const auto q = quantize(random_array({5, 96}, float32, 8), 16, bits);
    const std::vector<double> w = decode(q[0], q[1], q[2], 16, bits);
    expect_close(dequantize(q[0], q[1], q[2], 16, bits), w, 1e-6, 1e-6);
    const array x = random_array({1, 96}, float32, 9);
    std::vector<double> want(5, 0);
    for (size_t i = 0; i < w.size(); ++i) want[i / 96] += w[i] * doubles(x)[i % 96];
    expect_close(quantized_matmul(x, q[0], q[1], q[2], true, 16, bits), want, 1e-6, 1e-5);
    EXPECT_THROW(quantize(random_array({5, 48}, float32, 8), 16, bits), std::invalid_argument);
  }
}

/// Small floats and their scales from their definitions.
double value_of(int code, int exponent_bits, int mantissa_bits, int bias) {
  const int mantissa = code & ((1 << mantissa_bits) - 1);
  const int exponent = code >> mantissa_bits & ((1 << exponent_bits) - 1);
  const double fraction = std::ldexp(double(mantissa), -mantissa_bits);
  const double value =
      exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
  return code >> (mantissa_bits + exponent_bits) == 0 ? value : -value;
}

std::vector<double> decode_floats(const array& w_q, const array& scales, const std::string& mode) {
  const array codes = view(w_q, uint8), scale_codes = contiguous(scales);
  const std::vector<double> bytes = doubles(codes), s = doubles(scale_codes);
  const size_t group = mode == "nvfp4" ? 16 : 32;
  std::vector<double> out;
  for (const double byte : bytes) {
    const int b = int(byte);
    if (mode == "mxfp8") {
      out.push_back(value_of(b, 4, 3, 7));
    } else {
      out.push_back(value_of(b & 15, 2, 1, 1));
      out.push_back(value_of(b >> 4, 2, 1, 1));
    }
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const int scale = int(s[i / group]);
    out[i] *= mode == "nvfp4" ? value_of(scale, 4, 3, 7) : std::ldexp(1.0, scale - 127);
  }
  return out;
}

class SmallFloats : public testing::TestWithParam<const char*> {
 protected:
  const std::string mode = GetParam();
};

TEST_P(SmallFloats, DequantizeDecodesEveryCode) {
  const int bits = mode == "mxfp8" ? 8 : 4, group = mode == "nvfp4" ? 16 : 32;
  const int columns = 512;
  std::vector<uint8_t> bytes(size_t(columns * bits / 8));
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = uint8_t(i);
    if (bits == 8 && (bytes[i] & 0x7f) == 0x7f) bytes[i] = 0x7e;  // NaN
  }
  std::vector<uint8_t> scale_bytes(size_t(columns / group));
  for (size_t i = 0; i < scale_bytes.size(); ++i)
    scale_bytes[i] = uint8_t(mode == "nvfp4" ? (i * 37) % 127 : 90 + i * 4);
  const array w = view(array(bytes.begin(), {1, int(bytes.size())}, uint8), uint32);
  const array scales(scale_bytes.begin(), {1, columns / group}, uint8);
  expect_close(
      dequantize(w, scales, std::nullopt, std::nullopt, std::nullopt, mode, std::nullopt, float32),
      decode_floats(w, scales, mode), 0, 0);
}

TEST_P(SmallFloats, QuantizeFindsTheNearestCode) {
  const array w = random_array({5, 128}, float32, 3);
  const auto q = quantize(w, std::nullopt, std::nullopt, mode);
  ASSERT_EQ(q.size(), 2u);
  const std::vector<double> values = doubles(w), decoded = decode_floats(q[0], q[1], mode);
  const size_t group = mode == "nvfp4" ? 16 : 32;
  const int codes = mode == "mxfp8" ? 256 : 16;
  std::vector<double> one(decoded.size());
  for (size_t g = 0; g < values.size(); g += group) {
    const int code = int(doubles(q[1])[g / group]);
    const double scale = mode == "nvfp4" ? value_of(code, 4, 3, 7) : std::ldexp(1.0, code - 127);
    for (size_t i = g; i < g + group; ++i) {
      double nearest = 1e9;
      for (int c = 0; c < codes; ++c) {
        if (codes == 256 && (c & 0x7f) == 0x7f) continue;
        const double v = scale * (codes == 256 ? value_of(c, 4, 3, 7) : value_of(c, 2, 1, 1));
        nearest = std::min(nearest, std::abs(v - values[i]));
      }
      EXPECT_NEAR(std::abs(decoded[i] - values[i]), nearest, 1e-7);
    }
  }
}

TEST_P(SmallFloats, MatmulEqualsTheProductWithTheDecodedWeight) {
  for (const int k : {32, 96, 2080}) {
    const auto q = quantize(random_array({17, k}, float32, 5), std::nullopt, std::nullopt, mode);
    const std::vector<double> w = decode_floats(q[0], q[1], mode);
    for (const int m : {1, 2, 5, 33}) {
      const array x = random_array({m, k}, float32, 6), y = random_array({m, 17}, bfloat16, 7);
      const std::vector<double> xs = doubles(x), ys = doubles(y);
      std::vector<double> want(size_t(m * 17), 0), want_plain(size_t(m * k), 0);
      for (size_t i = 0; i < size_t(m); ++i) {
        for (size_t j = 0; j < 17; ++j) {
          for (size_t l = 0; l < size_t(k); ++l) {
            want[i * 17 + j] += xs[i * size_t(k) + l] * w[j * size_t(k) + l];
            want_plain[i * size_t(k) + l] += ys[i * 17 + j] * w[j * size_t(k) + l];
          }
        }
      }
      expect_close(
          quantized_matmul(x, q[0], q[1], std::nullopt, true, std::nullopt, std::nullopt, mode),
          want, 1e-6, 3e-7 * k);
      const array plain =
          quantized_matmul(y, q[0], q[1], std::nullopt, false, std::nullopt, std::nullopt, mode);
      EXPECT_EQ(plain.dtype(), bfloat16);
      expect_close(plain, want_plain, 1.01 * precision(bfloat16), 1e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, SmallFloats, testing::Values("mxfp4", "mxfp8", "nvfp4"),
                         [](const auto& info) { return std::string(info.param); });

/// The same elements somewhere that suits no dtype, as a file may have them.
array misaligned(const array& a) {
  array dense = contiguous(a);
  dense.eval();
  const auto buffer = Buffer::allocate(dense.nbytes() + 3);
  std::memcpy(static_cast<char*>(buffer->data()) + 3, dense.data<char>(), dense.nbytes());
  return array(buffer, dense.shape(), dense.dtype(), 3);
}

TEST(Quantized, WeightsMayLieAnywhere) {
  struct Kind {
    const char* mode;
    int bits;
    Dtype dtype;
  };
  for (const Kind& kind :
       {Kind{"affine", 4, bfloat16}, Kind{"affine", 3, float16}, Kind{"affine", 8, float32},
        Kind{"mxfp4", 4, float32}, Kind{"mxfp8", 8, float32}, Kind{"nvfp4", 4, float32}}) {
    SCOPED_TRACE(kind.mode);
    const auto q =
        quantize(random_array({19, 320}, kind.dtype), std::nullopt, kind.bits, kind.mode);
    std::vector<array> moved;
    for (const array& a : q) moved.push_back(misaligned(a));
    const auto product = [&](const std::vector<array>& w, int m) {
      return quantized_matmul(random_array({m, 320}), w[0], w[1],
                              w.size() > 2 ? std::optional(w[2]) : std::nullopt, true, std::nullopt,
                              kind.bits, kind.mode);
    };
    for (const int m : {1, 40}) expect_close(product(moved, m), doubles(product(q, m)), 0, 0);
  }
}

TEST_P(SmallFloats, FastMatmulMayRoundHalvesToBytes) {
  const int k = 2080, n = 40, group_size = mode == "nvfp4" ? 16 : 32;
  const auto q = quantize(random_array({n, k}, float32, 5), std::nullopt, std::nullopt, mode);
  const std::vector<double> w = decode_floats(q[0], q[1], mode);
  for (const int m : {1, 4, 16, 33, 66}) {
    const array x = random_array({m, k}, bfloat16, 6);
    const array out =
        fast::quantized_matmul(x, q[0], q[1], std::nullopt, true, std::nullopt, std::nullopt, mode);
    expect_close_to_one(out, products(x, w, n, group_size), 1.01 * precision(bfloat16), 3e-7 * k);
  }
}

TEST(Quantized, WhatIsNoNumberStaysNone) {
  const auto q = quantize(random_array({8, 128}, bfloat16, 5), 64, 4);
  for (const int m : {1, 33}) {
    std::vector<float> values(size_t(m) * 128, 0.5f);
    values[3] = std::numeric_limits<float>::quiet_NaN();
    const array x = astype(array(values.begin(), {m, 128}), bfloat16);
    const std::vector<double> out =
        doubles(fast::quantized_matmul(x, q[0], q[1], q[2], true, 64, 4));
    for (size_t i = 0; i < 8; ++i) EXPECT_TRUE(std::isnan(out[i]));
    for (size_t i = 8; i < out.size(); ++i) EXPECT_FALSE(std::isnan(out[i]));
  }
}

TEST(Quantized, AConstantGroupIsKept) {
  for (const float value : {0.0f, 0.75f, -3.0f}) {
    const auto q = quantize(broadcast_to(array(value), {1, 64}));
    expect_close(dequantize(q[0], q[1], q[2]), std::vector<double>(64, double(value)), 0, 0);
  }
}

TEST(Quantized, MatmulOfMixedDtypesAndVectors) {
  const auto q = quantize(random_array({20, 128}, float16));
  const array x = random_array({128}, float32, 2);
  const array out = quantized_matmul(x, q[0], q[1], q[2]);
  EXPECT_EQ(out.shape(), Shape{20});
  EXPECT_EQ(out.dtype(), float32);
  const std::vector<double> w = decode(q[0], q[1], q[2], 64, 4), xs = doubles(x);
  std::vector<double> want(20, 0);
  for (size_t j = 0; j < 20; ++j) {
    for (size_t l = 0; l < 128; ++l) want[j] += xs[l] * w[j * 128 + l];
  }
  expect_close(out, want, 1e-6, 1e-5);
  EXPECT_EQ(quantized_matmul(astype(x, bfloat16), q[0], q[1], q[2]).dtype(), float32);
}

TEST(Quantized, MatmulBroadcastsBatches) {
  const auto q = quantize(random_array({2, 1, 24, 64}));
  const array x = random_array({3, 4, 64}, float32, 2);
  const array out = quantized_matmul(x, q[0], q[1], q[2]);
  EXPECT_EQ(out.shape(), (Shape{2, 3, 4, 24}));
  for (int b = 0; b < 2; ++b) {
    const auto part = [&](const array& a) {
      return slice(a, {b, 0, 0, 0}, {b + 1, 1, a.shape(2), a.shape(3)});
    };
    const array one = quantized_matmul(x, squeeze(part(q[0])), squeeze(part(q[1]), {0, 1}),
                                       squeeze(part(q[2]), {0, 1}));
    expect_close(slice(out, {b, 0, 0, 0}, {b + 1, 3, 4, 24}), doubles(one), 1e-5, 1e-5);
  }
}

TEST(Quantized, StridedAndEmptyInputsWork) {
  const auto q = quantize(random_array({24, 64}));
  const array x = transpose(random_array({64, 10}, float32, 2));
  const array dense = contiguous(x);
  expect_close(quantized_matmul(x, q[0], q[1], q[2]),
               doubles(quantized_matmul(dense, q[0], q[1], q[2])), 0, 0);
  const auto every_second = [](const array& a) { return slice(a, {0, 0}, a.shape(), {2, 1}); };
  const array half =
      quantized_matmul(dense, every_second(q[0]), every_second(q[1]), every_second(q[2]));
  expect_close(half,
               doubles(slice(quantized_matmul(dense, q[0], q[1], q[2]), {0, 0}, {10, 24}, {1, 2})),
               1e-6, 1e-6);
  EXPECT_EQ(quantized_matmul(random_array({0, 64}), q[0], q[1], q[2]).shape(), (Shape{0, 24}));
  const auto none = quantize(random_array({0, 64}));
  EXPECT_EQ(none[0].shape(), (Shape{0, 8}));
  EXPECT_EQ(dequantize(none[0], none[1], none[2]).shape(), (Shape{0, 64}));
}

TEST(QuantizedErrors, NameTheNumbers) {
  const array w = random_array({2, 64});
  EXPECT_THROW(quantize(random_array({2, 60})), std::invalid_argument);
  EXPECT_THROW(quantize(random_array({64})), std::invalid_argument);
  EXPECT_THROW(quantize(w, 48), std::invalid_argument);
  EXPECT_THROW(quantize(w, 64, 7), std::invalid_argument);
  EXPECT_THROW(quantize(w, 64, 4, "zigzag"), std::invalid_argument);
  EXPECT_THROW(quantize(w, 64, 4, "affine", array(1.0f)), std::invalid_argument);
  const auto q = quantize(w);
  EXPECT_THROW(dequantize(q[0], q[1], q[2], 64, 8), std::invalid_argument);
  EXPECT_THROW(dequantize(q[0], q[1]), std::invalid_argument);
  EXPECT_THROW(quantized_matmul(random_array({2, 32}), q[0], q[1], q[2]), std::invalid_argument);
  EXPECT_THROW(quantized_matmul(w, q[0], q[1]), std::invalid_argument);
  EXPECT_THROW(quantized_matmul(w, q[0], random_array({2, 2}), q[2]), std::invalid_argument);
  EXPECT_THROW(quantized_matmul(w, astype(q[0], int32), q[1], q[2]), std::invalid_argument);

  EXPECT_THROW(fast::quantized_matmuls(random_array({2, 32}), {{q[0], q[1], q[2]}}),
               std::invalid_argument);
  EXPECT_THROW(fast::quantized_matmuls(w, {{q[0], q[1], q[2]}, {q[0], q[1]}}),
               std::invalid_argument);
  EXPECT_THROW(fast::quantized_matmuls(
                   astype(w, float16),
                   {{q[0], astype(q[1], float16), astype(q[2], float16)}, {q[0], q[1], q[2]}}),
               std::invalid_argument);

  const auto small = quantize(w, std::nullopt, std::nullopt, "mxfp4");
  const std::optional<int> any;
  EXPECT_THROW(dequantize(small[0], small[1], q[2], any, any, "mxfp4"), std::invalid_argument);
  EXPECT_THROW(dequantize(small[0], astype(small[1], float32), std::nullopt, any, any, "mxfp4"),
               std::invalid_argument);
  EXPECT_THROW(quantize(w, any, any, "nvfp4", array({1.0f, 2.0f})), std::invalid_argument);
  EXPECT_THROW(qqmm(w, w, std::nullopt, any, any, "affine"), std::invalid_argument);
  EXPECT_THROW(gather_qmm(w, q[0], q[1], q[2], std::nullopt, array({0.0f})), std::invalid_argument);
  EXPECT_THROW(eval(gather_qmm(w, q[0], q[1], q[2], std::nullopt, array({1}, int32))),
               std::out_of_range);
  try {
    quantize(w, 64, 4, "mxfp4");
    FAIL() << "mxfp4 has groups of 32";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "[quantize] mode \"mxfp4\" has no group size 64; it has 32");
  }
}

TEST(Fp8, RoundsToTheNearestAndSaturates) {
  std::vector<float> values;
  for (int code = 0; code < 127; ++code) values.push_back(float(value_of(code, 4, 3, 7)));
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    const float low = values[i], high = values[i + 1], middle = (low + high) / 2;
    const auto even = float(values[i % 2 == 0 ? i : i + 1]);
    expect_close(from_fp8(to_fp8(array({low, middle, std::nextafter(middle, 0.0f),
                                        std::nextafter(middle, 1e9f), -middle})),
                          float32),
                 {double(low), double(even), double(low), double(high), -double(even)}, 0, 0);
  }
  expect_close(from_fp8(to_fp8(array({1e6f, -INFINITY, NAN})), float32), {448, -448, 448}, 0, 0);
  EXPECT_THROW(to_fp8(array({1}, int32)), std::invalid_argument);
  EXPECT_THROW(from_fp8(array({1}, int32), float32), std::invalid_argument);
  EXPECT_THROW(from_fp8(array({1}, uint8), float64), std::invalid_argument);
}

}  // namespace
}  // namespace quern
