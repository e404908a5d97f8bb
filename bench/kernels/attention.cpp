// Attention of one layer with 32 query heads and 8 key-value heads of 64.

#include <fmt/format.h>

#include <cmath>

#include "bench/kernels/random_arrays.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

constexpr int heads = 32, key_value_heads = 8, head_dim = 64;
const float scale = 1 / std::sqrt(float(head_dim));

/// All positions of a prompt attend to those up to them: half of the square of scores.
Work prefill(int length, Dtype dtype) {
  const array q = random_array({1, heads, length, head_dim}, dtype, 1);
  const array k = random_array({1, key_value_heads, length, head_dim}, dtype, 2);
  const array v = random_array({1, key_value_heads, length, head_dim}, dtype, 3);
  const double scores = 0.5 * length * (length + 1.0);
  const double operations = 4.0 * heads * head_dim * scores;
  return {
      .unit = gigaflops,
      .amount = operations,
      .bound = Cost{.float32_operations = operations},
      .run = timed([=] { fast::scaled_dot_product_attention(q, k, v, scale, "causal").eval(); })};
}

/// One position attends to all before it, in one layer after the other, each with its own cache.
Work decode(int context, Dtype dtype) {
  struct Layer {
    array keys, values;
  };
  const array q = random_array({1, heads, 1, head_dim}, dtype, 1);
  std::vector<Layer> layers;
  const double bytes = 2.0 * key_value_heads * context * head_dim * double(dtype.size());
  for (int i = more_than_caches(size_t(bytes)); i > 0; --i) {
    const Shape shape{1, key_value_heads, context, head_dim};
    layers.push_back({random_array(shape, dtype, 2), random_array(shape, dtype, 3)});
  }
  const double all = bytes * double(layers.size());
  return {.unit = gigabytes,
          .amount = all,
          .bound = Cost{.read = all},
          .run = timed([=] {
            for (const Layer& layer : layers)
              fast::scaled_dot_product_attention(q, layer.keys, layer.values, scale).eval();
          })};
}

}  // namespace

void attention_kernels(Suite& suite) {
  for (const Dtype dtype : {bfloat16, float32}) {
    for (const int length : {512, 2048, 8192}) {
      if (length > 2048 && !suite.full()) continue;
      suite.measure(fmt::format("attention/prefill/{}/{}", name_of(dtype), length),
                    [&] { return prefill(length, dtype); });
    }
    for (const int context : {512, 4096, 32768}) {
      if (context > 4096 && !suite.full()) continue;
      suite.measure(fmt::format("attention/decode/{}/{}", name_of(dtype), context),
                    [&] { return decode(context, dtype); });
    }
  }
}

}  // namespace quern::bench
