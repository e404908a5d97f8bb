#include "models/decoder/mla.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/quantized.h"
#include "engine/ops/random.h"
#include "tests/models/families/tiny_model.h"

namespace quern::models {
namespace {

constexpr int hidden = 32, heads = 2, rank = 64, plain = 32, turning = 8, value = 32;

MlaSpec spec() {
  MlaSpec spec;
  spec.num_heads = heads;
  spec.latent_rank = rank;
  spec.plain_dim = plain;
  spec.value_dim = value;
  spec.rope.dims = turning;
  spec.rope.interleaved = true;
  spec.rope.max_position_embeddings = 128;
  spec.scale = 1 / std::sqrt(float(plain + turning));
  return spec;
}

class MlaTest : public testing::Test {
 protected:
  MlaTest() {
    add("x.q_proj", {heads * (plain + turning), hidden});
    add("x.kv_a_proj_with_mqa", {rank + turning, hidden});
    weights.emplace("x.kv_a_layernorm.weight", random::uniform({rank}, float32, key()));
    add("x.o_proj", {hidden, heads * value});
  }

  array key() { return random::key(next_key_++); }

  void add(const std::string& name, const Shape& shape) {
    weights.emplace(name + ".weight", multiply(random::normal(shape, float32, 0.0f, 1.0f, key()),
                                               array(1 / std::sqrt(float(shape.back())))));
  }

  /// Replaces a module's weight by its quantization, or by what that stands for.
  void quantize_module(Weights& in, const std::string& name, bool expand) {
    const std::vector<array> parts = quantize(in.at(name + ".weight"), 32, 4);
    if (expand) {
      in.insert_or_assign(name + ".weight", dequantize(parts[0], parts[1], parts[2], 32, 4));
      return;
    }
    in.insert_or_assign(name + ".weight", parts[0]);
    in.insert_or_assign(name + ".scales", parts[1]);
    in.insert_or_assign(name + ".biases", parts[2]);
  }

  /// A prompt of nine tokens, then one, then two: both ways to attend.
  tests::reference::Matrix outputs(const Weights& from) {
    QuantizationConfig quantization;
    quantization.global = {32, 4, "affine"};
    WeightReader reader(from, quantization, float32, "test");
    const Mla mla(reader, "x", spec(), hidden);
    reader.finish({});
    Cache cache;
    cache.push_back(mla.make_cache());
    std::vector<array> results;
    int begin = 0;
    for (const int count : {9, 1, 2}) {
      Step step({{&cache, count}});
      results.push_back(mla(slice(input_, {0, begin, 0}, {1, begin + count, hidden}), step));
      begin += count;
    }
    return tests::to_matrix(concatenate(results, 1));
  }

  Weights weights;

 private:
  uint64_t next_key_ = 1;
  array input_ = random::normal({1, 12, hidden}, float32, 0.0f, 1.0f, random::key(99));
};

TEST_F(MlaTest, AQuantizedJointProjectionIsUsedAsItIs) {
  add("x.kv_b_proj", {heads * (plain + value), rank});
  Weights expanded = weights;
  quantize_module(weights, "x.kv_b_proj", false);
  quantize_module(expanded, "x.kv_b_proj", true);
  tests::expect_near(outputs(weights), outputs(expanded), 1e-4);
}

TEST_F(MlaTest, QuantizedProjectionsOfEachHead) {
  add("x.embed_q", {heads, rank, plain});
  add("x.unembed_out", {heads, value, rank});
  Weights expanded = weights;
  for (const char* name : {"x.embed_q", "x.unembed_out"}) {
    quantize_module(weights, name, false);
    quantize_module(expanded, name, true);
  }
  tests::expect_near(outputs(weights), outputs(expanded), 1e-4);
}

TEST_F(MlaTest, TheCacheKeepsOneLatentAndOneKey) {
  add("x.kv_b_proj", {heads * (plain + value), rank});
  WeightReader reader(weights, {}, float32, "test");
  const Mla mla(reader, "x", spec(), hidden);
  Cache cache;
  cache.push_back(mla.make_cache());
  Step step({{&cache, 12}});
  mla(broadcast_to(array(1.0f), {1, 12, hidden}), step).eval();
  size_t elements = 0;
  for (const array& a : arrays_of(cache)) elements += a.size() / size_t(a.shape(2));
  EXPECT_EQ(elements, size_t(rank + turning));
  EXPECT_EQ(spec().sizes().cache_per_token, size_t(rank + turning));
}

}  // namespace
}  // namespace quern::models
