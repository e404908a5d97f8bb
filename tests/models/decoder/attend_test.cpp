#include "models/decoder/attend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "engine/ops/shape.h"
#include "models/cache/key_value_cache.h"

namespace quern::models {
namespace {

struct Tensor {
  Tensor(int batch, int heads, int tokens, int size, uint32_t seed)
      : shape{batch, heads, tokens, size} {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    values.resize(size_t(batch) * size_t(heads) * size_t(tokens) * size_t(size));
    for (float& value : values) value = normal(random);
  }
  explicit Tensor(array a) : shape(a.shape()) {
    a = contiguous(a);
    a.eval();
    values.assign(a.data<float>(), a.data<float>() + a.size());
  }

  double at(int b, int h, int t, int i) const {
    return values[size_t(((b * shape[1] + h) * shape[2] + t) * shape[3] + i)];
  }
  array as_array() const { return array(values.begin(), shape, float32); }

  Shape shape;
  std::vector<float> values;
};

/// In float64, one query after the other. The last query sees the last key, and each `window` keys
/// at most.
std::vector<double> reference(const Tensor& q, const Tensor& k, const Tensor& v,
                              const ScoreOptions& options, const std::vector<float>& sinks,
                              int window) {
  std::vector<double> out;
  const int heads = q.shape[1], tokens = q.shape[2], seen = k.shape[2];
  const int shared = heads / k.shape[1];
  for (int b = 0; b < q.shape[0]; ++b) {
    for (int h = 0; h < heads; ++h) {
      for (int t = 0; t < tokens; ++t) {
        const int last = seen - tokens + t, first = std::max(0, last + 1 - window);
        std::vector<double> weights;
        double sum = sinks.empty() ? 0 : std::exp(double(sinks[size_t(h)]));
        for (int s = first; s <= last; ++s) {
          double score = 0;
          for (int i = 0; i < q.shape[3]; ++i)
            score += q.at(b, h, t, i) * k.at(b, h / shared, s, i);
          score *= options.scale;
          if (options.softcap) score = *options.softcap * std::tanh(score / *options.softcap);
          weights.push_back(std::exp(score));
          sum += weights.back();
        }
        for (int i = 0; i < v.shape[3]; ++i) {
          double mixed = 0;
          for (int s = first; s <= last; ++s)
            mixed += weights[size_t(s - first)] / sum * v.at(b, h / shared, s, i);
          out.push_back(mixed);
        }
      }
    }
  }
  return out;
}

struct Case {
  int bits;
  int queries;
  int window = 1 << 20;
  bool softcap = false;
  bool sinks = false;
};

class Attend : public testing::TestWithParam<Case> {};

TEST_P(Attend, AgreesWithSumsInDoublePrecision) {
  const Case& c = GetParam();
  constexpr int batch = 2, heads = 4, shared_heads = 2, seen = 40, size = 64;
  const Tensor q(batch, heads, c.queries, size, 1), k(batch, shared_heads, seen, size, 2),
      v(batch, shared_heads, seen, size, 3);
  const bool windowed = c.window < seen;
  KeyValueCache cache(windowed ? std::optional(c.window) : std::nullopt);
  if (c.bits > 0) cache.quantize({.bits = c.bits});
  const auto part = [&](const Tensor& t, int begin, int end) {
    return slice(t.as_array(), {0, 0, begin, 0}, {batch, shared_heads, end, size});
  };
  const int before = seen - c.queries;
  cache.append(part(k, 0, before), part(v, 0, before));
  const SeenTokens tokens = cache.append(part(k, before, seen), part(v, before, seen));

  ScoreOptions options{.scale = 0.3f};
  if (c.softcap) options.softcap = 2.0f;
  std::vector<float> sinks;
  if (c.sinks) {
    sinks = {0.5f, -1.0f, 2.0f, 1.0f};
    options.sinks = array(sinks.begin(), {heads}, float32);
  }
  AttentionMasks masks;
  const AttentionMask& mask =
      masks.mask({.queries = c.queries,
                  .keys = tokens.count(),
                  .offset = before,
                  .window = windowed ? std::optional(c.window) : std::nullopt});
  const Tensor found(attend(q.as_array(), tokens, options, mask));

  // What the cache holds, so that only the attention is compared.
  KeyValueCache all;
  if (c.bits > 0) all.quantize({.bits = c.bits});
  const auto [keys, values] = all.update(k.as_array(), v.as_array());
  const auto expected = reference(q, Tensor(keys), Tensor(values), options, sinks, c.window);
  ASSERT_EQ(found.values.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found.values[i], expected[i], 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Forms, Attend,
                         testing::Values(Case{0, 1}, Case{0, 7}, Case{8, 1}, Case{8, 7}, Case{4, 1},
                                         Case{4, 7}, Case{0, 7, 10}, Case{8, 1, 10}, Case{8, 7, 10},
                                         Case{0, 7, 1 << 20, true}, Case{8, 7, 1 << 20, true},
                                         Case{8, 7, 1 << 20, false, true},
                                         Case{0, 7, 10, true, true}, Case{4, 1, 10, true, true}));

TEST(AttendInBlocks, LongPromptsGiveTheSame) {
  // More scores than are held at a time: 2 heads * 2100 queries * 4400 keys.
  const Tensor q(1, 2, 2100, 32, 1), k(1, 1, 4000, 32, 2), v(1, 1, 4000, 32, 3);
  KeyValueCache cache;
  cache.quantize({.bits = 8});
  const SeenTokens seen = cache.append(k.as_array(), v.as_array());
  const AttentionMask causal{"causal", std::nullopt};
  const Tensor all(attend(q.as_array(), seen, {.scale = 0.2f}, causal));
  for (const int t : {0, 1000, 1906, 2099}) {
    const array query = slice(q.as_array(), {0, 0, t, 0}, {1, 2, t + 1, 32});
    const SeenTokens then{seen.keys, seen.values, 0, 4000 - 2100 + t + 1};
    const Tensor one(attend(query, then, {.scale = 0.2f}, {"", std::nullopt}));
    for (int h = 0; h < 2; ++h) {
      for (int i = 0; i < 32; ++i) EXPECT_NEAR(all.at(0, h, t, i), one.at(0, h, 0, i), 1e-5);
    }
  }
}

}  // namespace
}  // namespace quern::models
