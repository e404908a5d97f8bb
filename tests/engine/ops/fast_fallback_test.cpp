#include "engine/ops/fast_fallback.h"

#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/fast.h"
#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

/// Half dtypes round several times on the way through plain operations.
void expect_equal(const array& fast, const array& fallback) {
  EXPECT_EQ(fast.dtype(), fallback.dtype());
  ASSERT_EQ(fast.shape(), fallback.shape());
  const double tolerance = fast.dtype() == float32 ? 2e-5 : 4 * precision(fast.dtype());
  expect_close(fast, doubles(fallback), tolerance, tolerance);
}

class Fallback : public testing::TestWithParam<Dtype> {
 protected:
  const Dtype dtype = GetParam();
};

TEST_P(Fallback, NormsMeanTheSame) {
  const array x = random_array({3, 5, 70}, dtype), weight = random_array({70}, dtype, 2),
              bias = random_array({70}, float32, 3);
  expect_equal(fast::rms_norm(x, weight, 1e-5f), fast::fallback::rms_norm(x, weight, 1e-5f));
  expect_equal(fast::rms_norm(x, std::nullopt, 1e-5f),
               fast::fallback::rms_norm(x, std::nullopt, 1e-5f));
  expect_equal(fast::layer_norm(x, weight, bias, 1e-5f),
               fast::fallback::layer_norm(x, weight, bias, 1e-5f));
  expect_equal(fast::layer_norm(x, std::nullopt, std::nullopt, 1e-5f),
               fast::fallback::layer_norm(x, std::nullopt, std::nullopt, 1e-5f));
}

TEST_P(Fallback, RopeMeansTheSame) {
  const array x = random_array({2, 3, 9, 20}, dtype), freqs = random_array({6}, float32, 2) + 2.0f;
  for (const bool traditional : {false, true}) {
    for (const array& offset : {array(7, int32), array({3, 50}, int32)}) {
      expect_equal(fast::rope(x, 12, traditional, 1000.0f, 0.5f, offset),
                   fast::fallback::rope(x, 12, traditional, 1000.0f, 0.5f, offset, std::nullopt));
      expect_equal(fast::rope(x, 12, traditional, std::nullopt, 1.0f, offset, freqs),
                   fast::fallback::rope(x, 12, traditional, std::nullopt, 1.0f, offset, freqs));
    }
  }
}

TEST_P(Fallback, AttentionMeansTheSame) {
  for (const int queries : {2, 40}) {
    const array q = random_array({2, 4, queries, 16}, dtype),
                k = random_array({2, 2, 50, 16}, dtype, 2),
                v = random_array({2, 2, 50, 8}, dtype, 3), sinks = random_array({4}, dtype, 4);
    const array added = random_array({4, 1, 50}, dtype, 5),
                kept = random_array({queries, 50}, float32, 6) > 0.0f;
    expect_equal(fast::scaled_dot_product_attention(q, k, v, 0.3f),
                 fast::fallback::scaled_dot_product_attention(q, k, v, 0.3f, false, std::nullopt,
                                                              std::nullopt));
    expect_equal(
        fast::scaled_dot_product_attention(q, k, v, 0.3f, "causal", {}, sinks),
        fast::fallback::scaled_dot_product_attention(q, k, v, 0.3f, true, std::nullopt, sinks));
    expect_equal(
        fast::scaled_dot_product_attention(q, k, v, 0.3f, "array", added),
        fast::fallback::scaled_dot_product_attention(q, k, v, 0.3f, false, added, std::nullopt));
    expect_equal(fast::scaled_dot_product_attention(q, k, v, 0.3f, "array", kept, sinks),
                 fast::fallback::scaled_dot_product_attention(q, k, v, 0.3f, false, kept, sinks));
  }
}

INSTANTIATE_TEST_SUITE_P(Floats, Fallback, testing::Values(float32, float16, bfloat16),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

}  // namespace
}  // namespace quern
