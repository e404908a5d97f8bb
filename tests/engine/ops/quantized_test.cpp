#include "engine/ops/quantized.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

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
        const std::vector<double> xs = doubles(x);
        std::vector<double> want(size_t(m * n), 0);
        for (size_t i = 0; i < size_t(m); ++i) {
          for (size_t j = 0; j < size_t(n); ++j) {
            for (size_t l = 0; l < size_t(k); ++l)
              want[i * size_t(n) + j] += xs[i * size_t(k) + l] * w[j * size_t(k) + l];
          }
        }
        const array out = quantized_matmul(x, q[0], q[1], q[2], true, group_size, bits);
        EXPECT_EQ(out.shape(), (Shape{m, n}));
        EXPECT_EQ(out.dtype(), dtype);
        expect_close(out, want, 1.01 * precision(dtype), 3e-7 * k);
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
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Schemes, Affine, testing::ValuesIn(schemes()), [](const auto& info) {
  return std::to_string(info.param.bits) + "_bits_groups_of_" +
         std::to_string(info.param.group_size) + "_" + std::string(dtype_name(info.param.dtype));
});

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
}

}  // namespace
}  // namespace quern
