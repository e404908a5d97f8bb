#include "tests/models/generate/toy_decoder.h"

#include <random>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/shape.h"

namespace quern::tests {

namespace {

using models::LayerCache;
using models::LayerState;

class ToyCache final : public LayerCache {
 public:
  const char* kind() const override { return "toy"; }
  int offset() const override { return offset_; }
  bool trim(int n) override { return n == 0; }
  LayerState state() const override { return {{sum_}, {offset_}}; }
  void restore(LayerState state) override {
    sum_ = state.arrays.at(0);
    offset_ = int(state.numbers.at(0));
  }
  std::unique_ptr<LayerCache> clone() const override { return std::make_unique<ToyCache>(*this); }

  array add(const array& x) {
    ++offset_;
    return sum_ = sum_ * 0.7f + x;
  }

 private:
  array sum_ = zeros({1, ToyDecoder::size}, float32);
  int offset_ = 0;
};

array random_matrix(int rows, int columns, uint32_t seed, float scale) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(size_t(rows) * size_t(columns));
  for (float& value : values) value = normal(random);
  return array(values.begin(), {rows, columns}, float32);
}

}  // namespace

ToyDecoder::ToyDecoder(int vocab_size, uint32_t seed, float sharpness)
    : embedding_(random_matrix(vocab_size, size, seed, 1)),
      head_(random_matrix(size, vocab_size, seed + 1, sharpness / 4)) {}

array ToyDecoder::hidden(const array& tokens, models::Step& step) const {
  const array x = take(embedding_, tokens, 0);
  return step.per_sequence({x}, [&](const std::vector<array>& parts, size_t sequence) {
    ToyCache none;
    auto* cache = static_cast<ToyCache*>(step.cache(sequence));
    std::vector<array> states;
    for (int t = 0; t < parts[0].shape(1); ++t) {
      const array one = slice(parts[0], {0, t, 0}, {1, t + 1, size});
      states.push_back((cache ? cache : &none)->add(reshape(one, {1, size})));
    }
    return expand_dims(concatenate(std::move(states), 0), 0);
  });
}

array ToyDecoder::head(const array& hidden) const { return matmul(hidden, head_); }

models::Cache ToyDecoder::make_cache() const {
  models::Cache cache;
  cache.push_back(std::make_unique<ToyCache>());
  return cache;
}

}  // namespace quern::tests
