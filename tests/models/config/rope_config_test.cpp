#include "models/config/rope_config.h"

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using Json = nlohmann::json;

RopeConfig read(const char* text) {
  const Json json = Json::parse(text);
  return read_rope(ConfigReader(json, "config.json"), 4096);
}

TEST(RopeConfig, EveryPublishedSpellingMeansTheSame) {
  for (const char* text : {
           R"({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 4}})",
           R"({"rope_theta": 5e5, "rope_scaling": {"rope_type": "linear", "factor": 4.0}})",
           R"({"rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 5e5}})",
           R"({"rope_theta": 1, "rope_parameters": {"rope_type": "linear", "factor": 4,
               "rope_theta": 500000, "beta_fast": null, "attention_factor": null}})",
           R"({"rope_theta": 5e5, "rope_parameters": null,
               "rope_scaling": {"type": "linear", "factor": 4}})",
       }) {
    const RopeConfig rope = read(text);
    EXPECT_EQ(rope.kind, RopeConfig::Kind::linear) << text;
    EXPECT_EQ(rope.theta, 5e5f) << text;
    EXPECT_EQ(rope.factor, 4.0f) << text;
    EXPECT_EQ(rope.attention_factor, std::nullopt) << text;
  }
}

TEST(RopeConfig, WithoutAnyKeyItIsTheOriginal) {
  const RopeConfig rope = read("{}");
  EXPECT_EQ(rope.kind, RopeConfig::Kind::default_);
  EXPECT_EQ(rope.theta, 10000.0f);
  EXPECT_EQ(rope.partial_rotary_factor, 1.0f);
}

TEST(RopeConfig, LongropeDerivesItsFactorFromTheLengths) {
  const RopeConfig rope = read(R"({"original_max_position_embeddings": 1024,
      "rope_scaling": {"type": "su", "long_factor": [1, 2], "short_factor": [1, 1]}})");
  EXPECT_EQ(rope.kind, RopeConfig::Kind::longrope);
  EXPECT_EQ(rope.factor, 4.0f);
  EXPECT_EQ(rope.long_factor, (std::vector<float>{1, 2}));
}

std::optional<RopeConfig> read_local(const char* text) {
  const Json json = Json::parse(text);
  return read_local_rope(ConfigReader(json, "config.json"), 4096);
}

TEST(RopeConfig, EachTypeOfLayerMayHaveItsOwn) {
  const char* nested = R"({"rope_parameters": {
      "full_attention": {"rope_type": "proportional", "rope_theta": 1e6,
                         "partial_rotary_factor": 0.25},
      "sliding_attention": {"rope_type": "linear", "factor": 2, "rope_theta": 1e4}}})";
  const RopeConfig full = read(nested);
  EXPECT_EQ(full.kind, RopeConfig::Kind::proportional);
  EXPECT_EQ(full.theta, 1e6f);
  EXPECT_EQ(full.partial_rotary_factor, 0.25f);
  EXPECT_EQ(full.factor, 1.0f);
  const std::optional<RopeConfig> local = read_local(nested);
  ASSERT_TRUE(local);
  EXPECT_EQ(local->kind, RopeConfig::Kind::linear);
  EXPECT_EQ(local->theta, 1e4f);
  EXPECT_EQ(local->partial_rotary_factor, 1.0f);

  const char* older = R"({"rope_theta": 1e6, "rope_local_base_freq": 500,
      "rope_scaling": {"type": "linear", "factor": 8}})";
  EXPECT_EQ(read(older).factor, 8.0f);
  ASSERT_TRUE(read_local(older));
  EXPECT_EQ(read_local(older)->kind, RopeConfig::Kind::default_);
  EXPECT_EQ(read_local(older)->theta, 500.0f);

  EXPECT_FALSE(read_local(R"({"rope_theta": 1e6})"));
  EXPECT_FALSE(read_local(R"({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}})"));
  expect_error([] { read(R"({"rope_parameters": {"full_attention": {"rope_type": "spiral"}}})"); },
               {"rope_parameters.full_attention.rope_type", "\"spiral\""});
}

TEST(RopeConfig, AlphaIsAFixedBase) {
  const RopeConfig rope =
      read(R"({"rope_scaling": {"type": "dynamic", "alpha": 1000, "factor": 1}})");
  EXPECT_EQ(rope.kind, RopeConfig::Kind::ntk);
  EXPECT_EQ(rope.factor, 1000.0f);
}

TEST(RopeConfig, WhatIsWrongIsNamed) {
  expect_error([] { read(R"({"rope_scaling": {"type": "spiral"}})"); },
               {"config.json", "rope_scaling.type", "\"spiral\"", "llama3, yarn"});
  expect_error([] { read(R"({"rope_scaling": {"type": "linear"}})"); },
               {"rope_scaling.factor", "missing"});
  expect_error([] { read(R"({"rope_parameters": {"rope_type": "yarn", "factor": -2}})"); },
               {"rope_parameters.factor", "-2"});
  expect_error([] { read(R"({"rope_scaling": 8})"); }, {"rope_scaling", "8", "object"});
  expect_error([] { read(R"({"rope_scaling": {"type": "longrope", "long_factor": [1, "a"]}})"); },
               {"rope_scaling.long_factor[1]", "\"a\""});
}

}  // namespace
}  // namespace quern::models
