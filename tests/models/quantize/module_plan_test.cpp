#include "models/quantize/module_plan.h"

#include <fmt/format.h>

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;

TEST(ModulePlan, OneQuantizationForAllThatItFits) {
  const QuantizationPlan plan{.quantization = Quantization{64, 4, "affine"}};
  const auto of = [&](const char* path, int in) { return quantization_of(plan, path, in, 16); };
  EXPECT_EQ(of("model.layers.0.mlp.up_proj", 128), plan.quantization);
  EXPECT_EQ(of("lm_head", 128), plan.quantization);
  EXPECT_EQ(of("lm_head", 96), std::nullopt);
  EXPECT_EQ(of("model.layers.0.self_attn.q_norm", 128), std::nullopt);
  EXPECT_EQ(of("model.layers.0.conv1d", 128), std::nullopt);
  const Quantization router{64, 8, "affine"};
  EXPECT_EQ(of("model.layers.0.mlp.gate", 128), router);
  EXPECT_EQ(of("model.layers.0.mlp.shared_expert_gate", 128), router);
  EXPECT_EQ(of("model.layers.0.mlp.gate_proj", 128), plan.quantization);
}

TEST(ModulePlan, RecipesGiveMoreBitsToSomeLayers) {
  const QuantizationPlan plan{.quantization = Quantization{32, 4, "affine"}, .recipe = "mixed_3_6"};
  // Of 16 layers: the first and last two, and between them every third from 2 + 2 on.
  std::string layers;
  for (int i = 0; i < 16; ++i) {
    const auto q = quantization_of(plan, fmt::format("model.layers.{}.mlp.down_proj", i), 64, 16);
    EXPECT_EQ(q->group_size, 32);
    layers += q->bits == 6 ? 'h' : q->bits == 3 ? 'l' : '?';
  }
  EXPECT_EQ(layers, "hhllhllhllhllhhh");
  EXPECT_EQ(quantization_of(plan, "model.layers.0.self_attn.v_proj", 64, 16)->bits, 6);
  EXPECT_EQ(quantization_of(plan, "model.layers.0.self_attn.q_proj", 64, 16)->bits, 3);
  EXPECT_EQ(quantization_of(plan, "lm_head", 64, 16)->bits, 6);
  EXPECT_EQ(quantization_of(plan, "model.embed_tokens", 64, 16)->bits, 3);
}

TEST(ModulePlan, TheLastRuleThatMatchesWins) {
  const Quantization eight{32, 8, "affine"};
  const QuantizationPlan plan{
      .quantization = Quantization{64, 4, "affine"},
      .rules = {{"layers.*.mlp", eight}, {"layers.1.*down", std::nullopt}, {"gate", std::nullopt}}};
  const auto of = [&](const char* path) { return quantization_of(plan, path, 128, 4); };
  EXPECT_EQ(of("model.layers.0.mlp.down_proj"), eight);
  EXPECT_EQ(of("model.layers.1.mlp.down_proj"), std::nullopt);
  EXPECT_EQ(of("model.layers.1.mlp.gate"), std::nullopt);
  EXPECT_EQ(of("model.layers.1.self_attn.q_proj"), plan.quantization);
}

TEST(ModulePlan, WhatMakesNoSenseIsNamed) {
  expect_error([] { check_plan({.recipe = "mixed_1_2"}); }, {"mixed_1_2"});
  expect_error(
      [] {
        check_plan({.quantization = Quantization{32, 4, "mxfp4"}, .recipe = "mixed_4_6"});
      },
      {"mixed_4_6", "mxfp4"});
  expect_error([] { check_plan({.quantization = Quantization{64, 7, "affine"}}); }, {"bits", "7"});
  EXPECT_EQ(default_quantization("nvfp4"), (Quantization{16, 4, "nvfp4"}));
  EXPECT_EQ(default_quantization("affine"), (Quantization{64, 4, "affine"}));
}

}  // namespace
}  // namespace quern::models
