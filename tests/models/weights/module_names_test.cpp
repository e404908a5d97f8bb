#include "models/weights/module_names.h"

#include <gtest/gtest.h>

#include "engine/ops/creation.h"
#include "models/families/family.h"
#include "models/weights/weight_rule.h"

namespace quern::models {
namespace {

void add_module(Weights& weights, const std::string& path, const Quantization& q) {
  const int in = 256;
  weights.insert_or_assign(path + ".weight", zeros({2, in * q.bits / 32}, uint32));
  const Dtype scale = q.mode == "affine" ? float16 : uint8;
  weights.insert_or_assign(path + ".scales", zeros({2, in / q.group_size}, scale));
  if (q.mode == "affine")
    weights.insert_or_assign(path + ".biases", zeros({2, in / q.group_size}, scale));
}

const Quantization four{64, 4, "affine"}, eight{32, 8, "affine"}, mx{32, 4, "mxfp4"};

TEST(ModuleNames, ExceptionsFollowTheirModules) {
  QuantizationConfig config;
  config.global = four;
  // Of as many bits per group as the global one: only the name tells them apart.
  config.overrides["language_model.model.layers.0.mlp.gate"] = eight;
  config.overrides["language_model.lm_head"] = mx;
  Weights weights;
  add_module(weights, "language_model.model.layers.0.mlp.gate", eight);
  add_module(weights, "language_model.model.layers.0.mlp.up", four);
  add_module(weights, "language_model.lm_head", mx);
  ModuleNames names;
  names.note(weights);
  to_decoder(text_part_rules(), weights);
  const QuantizationConfig found = names.resolve(config, weights);
  EXPECT_EQ(found.of("model.layers.0.mlp.gate"), eight);
  EXPECT_EQ(found.of("model.layers.0.mlp.up"), four);
  EXPECT_EQ(found.of("lm_head"), mx);
}

TEST(ModuleNames, WhatRulesMadeIsKnownByItsTensors) {
  const Quantization six{64, 6, "affine"};
  QuantizationConfig config;
  config.global = four;
  config.overrides["experts.0"] = six;
  Weights weights;
  add_module(weights, "switch", six);
  EXPECT_EQ(ModuleNames().resolve(config, weights).of("switch"), six);
}

TEST(ModuleNames, AModuleThatTheConfigExcludesStaysSo) {
  QuantizationConfig config;
  config.global = four;
  config.overrides["head"] = std::nullopt;
  Weights weights;
  add_module(weights, "head", four);
  EXPECT_EQ(ModuleNames().resolve(config, weights).of("head"), std::nullopt);
}

}  // namespace
}  // namespace quern::models
