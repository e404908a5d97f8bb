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
