// That steps read the experts they need and nothing is made again at every step.

#include "models/decoder/moe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/quantized.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/transforms/transforms.h"
#include "models/families/experts.h"

namespace quern::models {
namespace {

constexpr int experts = 32, hidden = 128, size = 128;
constexpr size_t stack_bytes = sizeof(float) * experts * hidden * size;

const MoeSpec spec{.router = {.num_experts = experts, .experts_per_token = 2, .normalised = true},
                   .expert = {.intermediate_size = size}};

/// Bytes that are allocated at most, beyond those that were before, while f's result is computed.
template <typename F>
size_t extra_bytes(F&& f) {
  clear_cache();
  reset_peak_memory();
  const size_t before = get_active_memory();
  array result = f();
  result.eval();
  return get_peak_memory() - before;
}

/// The experts one by one, as published.
Weights published() {
  random::seed(5);
  Weights weights;
  weights.emplace("moe.gate.weight", random::normal({experts, hidden}));
  for (int e = 0; e < experts; ++e) {
    const std::string expert = "moe.experts." + std::to_string(e) + ".";
    weights.emplace(expert + "gate_proj.weight", random::normal({size, hidden}));
    weights.emplace(expert + "up_proj.weight", random::normal({size, hidden}));
    weights.emplace(expert + "down_proj.weight", random::normal({hidden, size}));
  }
  for (auto& [name, value] : weights) value.eval();
  return weights;
}

void expect_steps_are_small(const Moe& moe) {
  const array x = random::normal({1, 1, hidden});
  moe(x).eval();
  EXPECT_LT(extra_bytes([&] { return moe(x); }), stack_bytes / 16);
}

TEST(Moe, PublishedExpertsAreStackedOnce) {
  Weights weights = published();
  stacks_expert_mlps("moe").to_decoder(weights);
  WeightReader reader(weights, {}, float32, "test");
  const Moe moe(reader, "moe", spec, hidden);
  reader.finish({});
  weights.clear();
  const array x = random::normal({1, 1, hidden});
  EXPECT_GE(extra_bytes([&] { return moe(x); }), stack_bytes);  // the measure is one
  expect_steps_are_small(moe);
}

TEST(Moe, QuantizedViewsAreCopiedOnce) {
  Weights weights = published();
  stacks_expert_mlps("moe").to_decoder(weights);
  Weights packed = {{"moe.gate.weight", weights.at("moe.gate.weight")}};
  for (const char* name : {"gate_proj", "up_proj", "down_proj"}) {
    const std::string path = std::string("moe.switch_mlp.") + name;
    const auto parts = quantize(weights.at(path + ".weight"), 32, 4, "mxfp4");
    // Every second row of twice as many: what is left where gate and up lay interleaved.
    const auto view = [](const array& part) {
      const array twice = repeat(part, 2, 1);
      Shape end = twice.shape();
      return slice(twice, {0, 0, 0}, end, {1, 2, 1});
    };
    packed.emplace(path + ".weight", view(parts[0]));
    packed.emplace(path + ".scales", view(parts[1]));
  }
  QuantizationConfig quantization;
  quantization.global = Quantization{32, 4, "mxfp4"};
  WeightReader reader(packed, quantization, float32, "test");
  const Moe moe(reader, "moe", spec, hidden);
  reader.finish({});
  packed.clear();
  weights.clear();
  expect_steps_are_small(moe);
}

TEST(Moe, BatchesAndSequencesAreTokensLikeOthers) {
  Weights weights = published();
  stacks_expert_mlps("moe").to_decoder(weights);
  WeightReader reader(weights, {}, float32, "test");
  const Moe moe(reader, "moe", spec, hidden);
  const array x = random::normal({3, 5, hidden});
  array together = contiguous(moe(x));
  together.eval();
  for (int b = 0; b < 3; ++b) {
    for (int t = 0; t < 5; ++t) {
      array alone = contiguous(moe(slice(x, {b, t, 0}, {b + 1, t + 1, hidden})));
      alone.eval();
      for (int c = 0; c < hidden; ++c) {
        const float expected = alone.data<float>()[c];
        ASSERT_NEAR(together.data<float>()[(b * 5 + t) * hidden + c], expected,
                    1e-3f * (1 + std::abs(expected)));
      }
    }
  }
}

/// d/dx of a weighted sum of moe(x), against differences.
void expect_gradient(const MoeSpec& given) {
  Weights weights = published();
  stacks_expert_mlps("moe").to_decoder(weights);
  WeightReader reader(weights, {}, float32, "test");
  const Moe moe(reader, "moe", given, hidden);
  const array direction = multiply(random::normal({1, 3, hidden}), array(0.1f));
  const array x = multiply(random::normal({1, 3, hidden}), array(0.05f));
  const auto loss = [&](const array& at) { return sum(multiply(moe(at), direction)); };
  const array gradient = grad(loss)(x);
  for (const int c : {0, 1, 63, 127}) {
    const auto moved = [&](float by) {
      std::vector<float> step(3 * hidden, 0);
      step[size_t(hidden + c)] = by;
      return double(loss(add(x, array(step.begin(), {1, 3, hidden}, float32))).item<float>());
    };
    const double expected = (moved(1e-3f) - moved(-1e-3f)) / 2e-3;
    array found = slice(gradient, {0, 1, c}, {1, 2, c + 1});
    EXPECT_NEAR(double(found.item<float>()), expected, 0.02 * (1 + std::abs(expected)));
  }
}

TEST(Moe, HasGradients) {
  expect_gradient(spec);
  MoeSpec other = spec;
  other.router.scores = RouterSpec::Scores::sparse_mixer;
  other.router.tie_width = 10;
  expect_gradient(other);
  other.router.scores = RouterSpec::Scores::sigmoid;
  other.router.groups = 8;
  other.router.groups_per_token = 3;
  other.weighs_input = true;
  expect_gradient(other);
}

}  // namespace
}  // namespace quern::models
