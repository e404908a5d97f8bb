#include "engine/ops/fast.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/ops/reference.h"

namespace quern {
namespace {

using tests::doubles;
using tests::expect_close;
using tests::precision;
using tests::random_array;

const Dtype float_dtypes[] = {float32, float16, bfloat16};

/// Normalisation of rows of n, in float64.
std::vector<double> normalized(const array& x, size_t n, double eps, bool center) {
  std::vector<double> v = doubles(x);
  for (size_t r = 0; r < v.size(); r += n) {
    double mean = 0, variance = 0;
    for (size_t i = 0; center && i < n; ++i) mean += v[r + i] / double(n);
    for (size_t i = 0; i < n; ++i) variance += (v[r + i] - mean) * (v[r + i] - mean) / double(n);
    for (size_t i = 0; i < n; ++i) v[r + i] = (v[r + i] - mean) / std::sqrt(variance + eps);
  }
  return v;
}

TEST(Norm, AgreesWithFloat64ForAllWidthsDtypesAndLayouts) {
  for (const Dtype dtype : float_dtypes) {
    for (const int n : {1, 3, 17, 64, 1000, 4099}) {
      const array plain = random_array({2, 3, n}, dtype), weight = random_array({n}, dtype, 2),
                  bias = random_array({n}, dtype, 3);
      const array strided = transpose(random_array({n, 3, 2}, dtype, 4));
      for (const array& x : {plain, strided}) {
        const std::vector<double> w = doubles(weight), b = doubles(bias);
        std::vector<double> rms = normalized(x, size_t(n), 1e-5, false),
                            layer = normalized(x, size_t(n), 1e-5, true);
        const double tolerance = 2.02 * precision(dtype),
                     floor = dtype == float32 ? 3e-6 : precision(dtype);
        expect_close(fast::rms_norm(x, std::nullopt, 1e-5f), rms, tolerance, 1e-6);
        expect_close(fast::layer_norm(x, std::nullopt, std::nullopt, 1e-5f), layer, tolerance,
                     3e-6);
        for (size_t i = 0; i < rms.size(); ++i) {
          rms[i] *= w[i % size_t(n)];
          layer[i] = layer[i] * w[i % size_t(n)] + b[i % size_t(n)];
        }
        const array out = fast::rms_norm(x, weight, 1e-5f);
        EXPECT_EQ(out.dtype(), dtype);
        expect_close(out, rms, tolerance, floor);
        expect_close(fast::layer_norm(x, weight, bias, 1e-5f), layer, tolerance, 4 * floor);
      }
    }
  }
}

/// The losses of rows of n logits, and their gradients times cotangents, in float64.
struct CrossEntropies {
  CrossEntropies(const array& logits, size_t n, const std::vector<int>& targets,
                 const std::vector<double>& cotangents)
      : gradients(doubles(logits)) {
    for (size_t r = 0; r < targets.size(); ++r) {
      double* x = gradients.data() + r * n;
      const auto target = size_t(targets[r] < 0 ? targets[r] + int(n) : targets[r]);
      const double largest = *std::max_element(x, x + n), chosen = x[target];
      double sum = 0;
      for (size_t i = 0; i < n; ++i) sum += x[i] = std::exp(x[i] - largest);
      for (size_t i = 0; i < n; ++i) x[i] = (x[i] / sum - (i == target ? 1 : 0)) * cotangents[r];
      losses.push_back(largest + std::log(sum) - chosen);
    }
  }

  std::vector<double> losses, gradients;
};

TEST(CrossEntropy, AgreesWithFloat64ForAllWidthsDtypesAndLayouts) {
  for (const Dtype dtype : float_dtypes) {
    for (const int n : {1, 3, 17, 2048, 5003}) {
      const std::vector<int> targets = {0, n - 1, n / 2, -n, -1, n / 3};
      const std::vector<double> cotangents = {1, -2, 0, 0.5, 1e-3, 7};
      const array numbers(targets.begin(), {2, 3}, int32);
      const array weights = astype(array(cotangents.begin(), {2, 3}, float32), dtype);
      const array plain = multiply(random_array({2, 3, n}, dtype), array(9.0f, dtype));
      const array strided = transpose(random_array({n, 3, 2}, dtype, 4), {2, 1, 0});
      for (const array& x : {plain, strided}) {
        const CrossEntropies wanted(x, size_t(n), targets, doubles(weights));
        const auto [loss, gradient] = vjp(
            [&](const array& logits) { return fast::cross_entropy(logits, numbers); }, x, weights);
        EXPECT_EQ(loss.dtype(), dtype);
        const double tolerance = 1.02 * precision(dtype);
        expect_close(loss, wanted.losses, tolerance + 1e-6, 2e-6);
        expect_close(gradient, wanted.gradients, tolerance + 3e-6, dtype == float16 ? 1e-7 : 1e-9);
      }
    }
  }
}

TEST(CrossEntropy, OfWhatIsNotANumber) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const array logits({0.0f, -infinity, 0.0f, nan, 0.0f, 1.0f, 0.0f, 0.0f, infinity}, {3, 3});
  expect_close(fast::cross_entropy(logits, array({0, 1, 0})), {std::log(2.0), nan, nan}, 1e-6, 0);
  expect_close(fast::cross_entropy(logits, array({1, 2, 2})), {infinity, nan, nan}, 0, 0);
}

TEST(CrossEntropy, RefusesWhatDoesNotFit) {
  const array logits = random_array({4, 6});
  EXPECT_THROW(fast::cross_entropy(logits, array({1, 2})), std::invalid_argument);
  EXPECT_THROW(fast::cross_entropy(logits, array({1.0f, 2.0f, 0.0f, 0.0f})), std::invalid_argument);
  EXPECT_THROW(fast::cross_entropy(array({1, 2, 3}), array(1)), std::invalid_argument);
  EXPECT_THROW(fast::cross_entropy(array(1.0f), array(1)), std::invalid_argument);
  for (const int target : {6, -7}) {
    EXPECT_THROW(fast::cross_entropy(logits, array({0, target, 0, 0})).eval(), std::out_of_range);
  }
}

TEST(Norm, AWiderWeightWidensTheResult) {
  const array x = random_array({4, 32}, bfloat16), weight = random_array({32}, float32, 2);
  const array out = fast::rms_norm(x, weight, 1e-6f);
  EXPECT_EQ(out.dtype(), float32);
  std::vector<double> want = normalized(x, 32, 1e-6, false);
  const std::vector<double> w = doubles(weight);
  for (size_t i = 0; i < want.size(); ++i) want[i] *= w[i % 32];
  expect_close(out, want, 1e-6, 1e-6);
  EXPECT_EQ(fast::rms_norm(random_array({4, 32}, float64), std::nullopt, 1e-6f).dtype(), float64);
  EXPECT_EQ(fast::layer_norm(random_array({0, 32}), std::nullopt, std::nullopt, 1e-6f).shape(),
            (Shape{0, 32}));
}

/// Rotation in float64 of x [B, H, T, D], position t + offsets[b].
std::vector<double> rotated(const array& x, int dims, bool traditional, double base, double scale,
                            const std::vector<int>& offsets) {
  std::vector<double> v = doubles(x);
  const auto heads = size_t(x.shape(1)), times = size_t(x.shape(2)), width = size_t(x.shape(3));
  const auto half = size_t(dims / 2);
  for (size_t row = 0; row * width < v.size(); ++row) {
    const double position =
        (double(row % times) + offsets[row / (heads * times) % offsets.size()]) * scale;
    for (size_t i = 0; i < half; ++i) {
      const double angle = position * std::pow(base, -double(i) / double(half));
      double& a = v[row * width + (traditional ? 2 * i : i)];
      double& b = v[row * width + (traditional ? 2 * i + 1 : i + half)];
      const double first = a * std::cos(angle) - b * std::sin(angle);
      b = a * std::sin(angle) + b * std::cos(angle);
      a = first;
    }
  }
  return v;
}

TEST(Rope, AgreesWithFloat64) {
  for (const Dtype dtype : float_dtypes) {
    for (const bool traditional : {false, true}) {
      const array x = random_array({2, 3, 70, 20}, dtype);
      const array heads_last = transpose(random_array({2, 70, 3, 20}, dtype, 2), {0, 2, 1, 3});
      const double rtol = precision(dtype), atol = precision(dtype) + 2e-5;
      for (const array& in : {x, heads_last}) {
        for (const int dims : {20, 12, 2}) {
          const array out = fast::rope(in, dims, traditional, 10000.0f, 1.0f, 5);
          EXPECT_EQ(out.dtype(), dtype);
          expect_close(out, rotated(in, dims, traditional, 10000, 1, {5}), rtol, atol);
        }
        expect_close(fast::rope(in, 20, traditional, 500.0f, 0.5f, array({3, 90}, int32)),
                     rotated(in, 20, traditional, 500, 0.5, {3, 90}), rtol, atol);
      }
    }
  }
}

TEST(Rope, WideVectorsAndOneFrequencyAfterAnother) {
  for (const Dtype dtype : float_dtypes) {
    const array x = random_array({2, 3, 5, 128}, dtype);
    const double rtol = precision(dtype), atol = precision(dtype) + 2e-5;
    for (const float base : {10000.0f, 500.0f}) {
      for (const int dims : {128, 96}) {
        for (const int offset : {5, 6}) {
          expect_close(fast::rope(x, dims, false, base, 1.0f, offset),
                       rotated(x, dims, false, base, 1, {offset}), rtol, atol);
        }
      }
    }
  }
}

struct Case {
  int heads = 4, key_heads = 2, queries = 1, keys = 1, width = 16, value_width = 16;
  bool causal = false;
};

/// softmax(scale q k^T + mask) v in float64; mask may be empty, else [B, H, Tq, Tk] with -inf for
/// hidden.
std::vector<double> attended(const array& q, const array& k, const array& v, double scale,
                             const std::vector<double>& mask,
                             const std::vector<double>& sinks = {}) {
  const std::vector<double> qs = doubles(q), ks = doubles(k), vs = doubles(v);
  const auto batches = size_t(q.shape(0)), heads = size_t(q.shape(1)), queries = size_t(q.shape(2)),
             width = size_t(q.shape(3)), key_heads = size_t(k.shape(1)), keys = size_t(k.shape(2)),
             value_width = size_t(v.shape(3));
  std::vector<double> out(batches * heads * queries * value_width, 0), scores(keys);
  for (size_t row = 0; row < batches * heads * queries; ++row) {
    const size_t batch = row / (heads * queries), head = row / queries % heads;
    const size_t first_key = (batch * key_heads + head / (heads / key_heads)) * keys;
    double largest = sinks.empty() ? -INFINITY : sinks[head];
    for (size_t t = 0; t < keys; ++t) {
      scores[t] = 0;
      for (size_t i = 0; i < width; ++i)
        scores[t] += scale * qs[row * width + i] * ks[(first_key + t) * width + i];
      if (!mask.empty()) scores[t] += mask[row * keys + t];
      largest = std::max(largest, scores[t]);
    }
    double sum = sinks.empty() ? 0 : std::exp(sinks[head] - largest);
    for (double& s : scores) sum += s = std::exp(s - largest);
    for (size_t t = 0; t < keys; ++t) {
      for (size_t j = 0; j < value_width; ++j) {
        out[row * value_width + j] += scores[t] / sum * vs[(first_key + t) * value_width + j];
      }
    }
  }
  return out;
}

std::vector<double> causal_mask(size_t rows, int queries, int keys) {
  std::vector<double> mask(rows * size_t(queries) * size_t(keys), 0);
  for (size_t i = 0; i < mask.size(); ++i) {
    const int key = int(i % size_t(keys)), query = int(i / size_t(keys) % size_t(queries));
    if (key > query + keys - queries) mask[i] = -INFINITY;
  }
  return mask;
}

class Attention : public testing::TestWithParam<Dtype> {
 protected:
  const Dtype dtype = GetParam();
  const double rtol = 1.1 * precision(dtype);
  static constexpr double atol = 3e-6;
};

TEST_P(Attention, AgreesWithFloat64) {
  for (const Case& c :
       {Case{}, Case{4, 2, 1, 700, 64, 64}, Case{8, 1, 1, 300, 20, 20}, Case{4, 4, 3, 5, 8, 24},
        Case{4, 2, 5, 260, 7, 3, true}, Case{6, 2, 33, 33, 16, 16, true},
        Case{4, 1, 40, 600, 16, 8, true}, Case{2, 2, 300, 300, 32, 32, true},
        Case{2, 2, 150, 530, 12, 12, false}, Case{14, 2, 1, 1500, 64, 64},
        Case{16, 1, 1, 513, 128, 128}, Case{9, 1, 1, 270, 96, 80}, Case{5, 1, 1, 300, 34, 50},
        Case{3, 3, 2, 600, 40, 72, true}, Case{14, 2, 60, 200, 24, 20, true}}) {
    SCOPED_TRACE(testing::Message() << c.queries << " queries, " << c.keys << " keys");
    const array q = random_array({2, c.heads, c.queries, c.width}, dtype),
                k = random_array({2, c.key_heads, c.keys, c.width}, dtype, 2),
                v = random_array({2, c.key_heads, c.keys, c.value_width}, dtype, 3);
    const auto mask =
        c.causal ? causal_mask(size_t(2 * c.heads), c.queries, c.keys) : std::vector<double>{};
    const array out = fast::scaled_dot_product_attention(q, k, v, 0.7f, c.causal ? "causal" : "");
    EXPECT_EQ(out.shape(), (Shape{2, c.heads, c.queries, c.value_width}));
    EXPECT_EQ(out.dtype(), dtype);
    expect_close(out, attended(q, k, v, double(0.7f), mask), rtol, atol);
  }
}

TEST_P(Attention, ReadsASliceOfALargerCacheInPlace) {
  for (const int queries : {1, 40}) {
    const array cache_k = random_array({1, 2, 512, 16}, dtype, 2),
                cache_v = random_array({1, 2, 512, 16}, dtype, 3);
    const array k = slice(cache_k, {0, 0, 7, 0}, {1, 2, 307, 16}),
                v = slice(cache_v, {0, 0, 7, 0}, {1, 2, 307, 16});
    const array q = transpose(random_array({1, queries, 4, 16}, dtype), {0, 2, 1, 3});
    const auto mask = causal_mask(4, queries, 300);
    expect_close(fast::scaled_dot_product_attention(q, k, v, 0.25f, "causal"),
                 attended(q, k, v, 0.25, mask), rtol, atol);
    const array k_last = transpose(random_array({1, 2, 16, 300}, dtype, 2), {0, 1, 3, 2});
    expect_close(fast::scaled_dot_product_attention(q, k_last, v, 0.25f),
                 attended(q, k_last, v, 0.25, {}), rtol, atol);
  }
}

TEST_P(Attention, SequencesHaveKeysOfTheirOwn) {
  for (const int queries : {1, 12}) {
    const array q = random_array({3, 8, queries, 32}, dtype), sinks = random_array({8}, dtype, 4);
    std::vector<array> keys, values;
    std::vector<double> expected, expected_with_sinks;
    for (int i = 0; i < 3; ++i) {
      // Rows of a cache that has room for more.
      const int count = std::vector<int>{700, 1, 130}[size_t(i)];
      const auto cached = [&](int width, uint64_t seed) {
        return slice(random_array({1, 2, count + 9, width}, dtype, seed), {0, 0, 4, 0},
                     {1, 2, count + 4, width});
      };
      keys.push_back(cached(32, uint64_t(10 + i)));
      values.push_back(cached(20, uint64_t(20 + i)));
      const array own = slice(q, {i, 0, 0, 0}, {i + 1, 8, queries, 32});
      for (const double x : attended(own, keys.back(), values.back(), 0.25, {}))
        expected.push_back(x);
      for (const double x : attended(own, keys.back(), values.back(), 0.25, {}, doubles(sinks)))
        expected_with_sinks.push_back(x);
    }
    const array out = fast::attention_of_sequences(q, keys, values, 0.25f);
    EXPECT_EQ(out.shape(), (Shape{3, 8, queries, 20}));
    EXPECT_EQ(out.dtype(), dtype);
    expect_close(out, expected, rtol, atol);
    expect_close(fast::attention_of_sequences(q, keys, values, 0.25f, sinks), expected_with_sinks,
                 rtol, atol);
  }
}

TEST_P(Attention, MasksBroadcastAndSinksCount) {
  for (const int queries : {2, 40}) {
    const array q = random_array({2, 4, queries, 16}, dtype),
                k = random_array({2, 2, 300, 16}, dtype, 2),
                v = random_array({2, 2, 300, 16}, dtype, 3), sinks = random_array({4}, float32, 4);
    for (const Shape& shape : {Shape{300}, Shape{queries, 300}, Shape{2, 1, 1, 300},
                               Shape{4, queries, 1}, Shape{2, 4, queries, 300}}) {
      const array added = random_array(shape, dtype, 5);
      const array kept =
          astype(astype(random_array(shape, float32, 6), int32), bool_);  // all false
      const Shape full = {2, 4, queries, 300};
      std::vector<double> mask = doubles(broadcast_to(added, full));
      expect_close(fast::scaled_dot_product_attention(q, k, v, 0.25f, "array", added, sinks),
                   attended(q, k, v, 0.25, mask, doubles(sinks)), rtol, atol);
      // Where nothing is visible, everything counts the same.
      std::vector<double> zeros(mask.size(), 0);
      expect_close(fast::scaled_dot_product_attention(q, k, v, 0.25f, "array", kept),
                   attended(q, k, v, 0.0, zeros), rtol, atol);
    }
    const array half_kept = astype(array({1, 0, 0, 1, 1, 0}, int32), bool_);
    const array kept = reshape(broadcast_to(half_kept, {50, 6}), {300});
    std::vector<double> mask = doubles(broadcast_to(astype(kept, float32), {2, 4, queries, 300}));
    for (double& m : mask) m = m != 0 ? 0 : -INFINITY;
    expect_close(fast::scaled_dot_product_attention(q, k, v, 0.25f, "array", kept),
                 attended(q, k, v, 0.25, mask), rtol, atol);
  }
}

TEST_P(Attention, AWindowHidesBlocksOfKeysFromBlocksOfQueries) {
  constexpr int queries = 150, keys = 500, window = 60, blind = 77;
  const array q = random_array({1, 4, queries, 16}, dtype),
              k = random_array({1, 2, keys, 16}, dtype, 2),
              v = random_array({1, 2, keys, 16}, dtype, 3);
  std::vector<uint8_t> kept;
  std::vector<double> mask;
  for (int query = 0; query < queries; ++query) {
    for (int key = 0; key < keys; ++key) {
      const int last = query + keys - queries;
      const bool sees = query != blind && key <= last && key > last - window;
      kept.push_back(sees);
      // Who sees no key averages the values of all.
      mask.push_back(query == blind ? -1e30 : sees ? 0 : -INFINITY);
    }
  }
  std::vector<double> all;
  for (int head = 0; head < 4; ++head) all.insert(all.end(), mask.begin(), mask.end());
  expect_close(fast::scaled_dot_product_attention(q, k, v, 0.25f, "array",
                                                  array(kept.begin(), {queries, keys}, bool_)),
               attended(q, k, v, 0.25, all), rtol, atol);
}

INSTANTIATE_TEST_SUITE_P(Floats, Attention, testing::Values(float32, float16, bfloat16),
                         [](const auto& info) { return std::string(dtype_name(info.param)); });

TEST(AttentionCornerCases, InfiniteMasksAndMoreQueriesThanKeys) {
  for (const int queries : {2, 40}) {
    const array q = random_array({1, 2, queries, 8}), k = random_array({1, 2, 300, 8}, float32, 2),
                v = random_array({1, 2, 300, 8}, float32, 3);
    // -inf for all keys of the first block and some of the second; then for all.
    std::vector<float> values(300, -INFINITY);
    for (size_t i = 280; i < 300; ++i) values[i] = 0;
    std::vector<double> mask;
    for (int i = 0; i < 2 * queries; ++i) mask.insert(mask.end(), values.begin(), values.end());
    expect_close(
        fast::scaled_dot_product_attention(q, k, v, 0.5f, "array", array(values.begin(), {300})),
        attended(q, k, v, 0.5, mask), 1e-6, 3e-6);
    const array nothing = array(-INFINITY);
    expect_close(fast::scaled_dot_product_attention(q, k, v, 0.5f, "array", nothing),
                 std::vector<double>(size_t(2 * queries * 8), NAN), 0, 0);
  }
  // The first 30 queries see no key and average them all.
  const array q = random_array({1, 2, 40, 8}), k = random_array({1, 2, 10, 8}, float32, 2),
              v = random_array({1, 2, 10, 8}, float32, 3);
  std::vector<double> mask = causal_mask(2, 40, 10);
  for (size_t row = 0; row < 80; ++row) {
    if (row % 40 < 30) std::fill_n(mask.begin() + int64_t(row * 10), 10, -1e30);
  }
  expect_close(fast::scaled_dot_product_attention(q, k, v, 0.5f, "causal"),
               attended(q, k, v, 0.5, mask), 1e-6, 3e-6);
  EXPECT_EQ(
      fast::scaled_dot_product_attention(slice(q, {0, 0, 0, 0}, {1, 2, 0, 8}), k, v, 1.0f).shape(),
      (Shape{1, 2, 0, 8}));
}

TEST(AttentionOfSequences, HasTheGradientsOfEachSequence) {
  const array q = random_array({2, 4, 1, 8}), k0 = random_array({1, 2, 5, 8}, float32, 2),
              k1 = random_array({1, 2, 3, 8}, float32, 3),
              v0 = random_array({1, 2, 5, 8}, float32, 4),
              v1 = random_array({1, 2, 3, 8}, float32, 5);
  const auto together = [](const std::vector<array>& in) {
    return std::vector<array>{
        sum(square(fast::attention_of_sequences(in[0], {in[1], in[2]}, {in[3], in[4]}, 0.5f)))};
  };
  const auto apart = [](const std::vector<array>& in) {
    const auto one = [&](int i, const array& k, const array& v) {
      const array own = slice(in[0], {i, 0, 0, 0}, {i + 1, 4, 1, 8});
      return sum(square(fast::scaled_dot_product_attention(own, k, v, 0.5f)));
    };
    return std::vector<array>{add(one(0, in[1], in[3]), one(1, in[2], in[4]))};
  };
  const std::vector<array> primals = {q, k0, k1, v0, v1}, seed = {array(1.0f)};
  const auto ours = vjp(together, primals, seed).second, theirs = vjp(apart, primals, seed).second;
  for (size_t i = 0; i < primals.size(); ++i) expect_close(ours[i], doubles(theirs[i]), 1e-5, 1e-6);
}

TEST(FastErrors, NameTheShapes) {
  const array x = random_array({1, 2, 3, 8});
  EXPECT_THROW(fast::rms_norm(x, random_array({3}), 1e-5f), std::invalid_argument);
  EXPECT_THROW(fast::rms_norm(array(1.0f), std::nullopt, 1e-5f), std::invalid_argument);
  EXPECT_THROW(fast::layer_norm(x, random_array({1, 8}), std::nullopt, 1e-5f),
               std::invalid_argument);
  EXPECT_THROW(fast::rope(random_array({4, 8}), 8, false, 1e4f, 1.0f, 0), std::invalid_argument);
  EXPECT_THROW(fast::rope(x, 8, false, std::nullopt, 1.0f, 0), std::invalid_argument);
  EXPECT_THROW(fast::rope(x, 8, false, 1e4f, 1.0f, 0, random_array({4})), std::invalid_argument);
  EXPECT_THROW(fast::rope(x, 10, false, 1e4f, 1.0f, 0), std::invalid_argument);
  const array one = random_array({2, 2, 1, 8}), keys = random_array({1, 2, 3, 8});
  EXPECT_THROW(fast::attention_of_sequences(one, {keys}, {keys}, 1.0f), std::invalid_argument);
  EXPECT_THROW(
      fast::attention_of_sequences(one, {keys, keys}, {keys, random_array({1, 2, 4, 8})}, 1.0f),
      std::invalid_argument);
  EXPECT_THROW(fast::attention_of_sequences(one, {keys, random_array({1, 1, 3, 8})},
                                            {keys, random_array({1, 1, 3, 8})}, 1.0f),
               std::invalid_argument);
  const auto attend = [](const Shape& q, const Shape& k, const Shape& v) {
    return fast::scaled_dot_product_attention(random_array(q), random_array(k), random_array(v),
                                              1.0f);
  };
  EXPECT_THROW(attend({1, 3, 2, 4}, {1, 2, 2, 4}, {1, 2, 2, 4}), std::invalid_argument);
  EXPECT_THROW(attend({2, 2, 4}, {2, 2, 4}, {2, 2, 4}), std::invalid_argument);
  EXPECT_THROW(attend({1, 2, 2, 4}, {1, 2, 2, 8}, {1, 2, 2, 4}), std::invalid_argument);
  EXPECT_THROW(fast::scaled_dot_product_attention(x, x, x, 1.0f, "diagonal"),
               std::invalid_argument);
  EXPECT_THROW(fast::scaled_dot_product_attention(x, x, x, 1.0f, "array", random_array({2, 2})),
               std::invalid_argument);
}

}  // namespace
}  // namespace quern
