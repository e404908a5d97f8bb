#include "models/config/quantization_config.h"

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using Json = nlohmann::json;

QuantizationConfig read(const char* text) {
  const Json json = Json::parse(text);
  return read_quantization(ConfigReader(json, "config.json"));
}

TEST(QuantizationConfig, IsFoundUnderBothKeys) {
  const Quantization expected{32, 8, "affine"};
  EXPECT_EQ(read(R"({"quantization": {"group_size": 32, "bits": 8}})").global, expected);
  EXPECT_EQ(read(R"({"quantization_config": {"group_size": 32, "bits": 8}})").global, expected);
  EXPECT_EQ(read("{}").global, std::nullopt);
}

TEST(QuantizationConfig, ModulesMayHaveTheirOwnOrNone) {
  const QuantizationConfig config = read(R"({"quantization": {"group_size": 64, "bits": 4,
      "a": {"group_size": 32, "bits": 8}, "b": false, "c": true,
      "d": {"group_size": null, "bits": 6}}})");
  EXPECT_EQ(config.of("a"), (Quantization{32, 8, "affine"}));
  EXPECT_EQ(config.of("b"), std::nullopt);
  EXPECT_EQ(config.of("c"), (Quantization{64, 4, "affine"}));
  EXPECT_EQ(config.of("d"), (Quantization{64, 6, "affine"}));
  EXPECT_EQ(config.of("anything else"), (Quantization{64, 4, "affine"}));
}

TEST(QuantizationConfig, WhatCannotBeComputedWithIsNamed) {
  expect_error([] { read(R"({"quantization": {"group_size": 64, "bits": 7}})"); },
               {"config.json", "quantization.bits", "7", "2, 3, 4, 5, 6, 8"});
  expect_error([] { read(R"({"quantization": {"group_size": 48, "bits": 4}})"); },
               {"quantization.group_size", "48", "16, 32, 64, 128"});
  expect_error([] { read(R"({"quantization": {"group_size": 64}})"); },
               {"quantization.bits", "missing"});
  expect_error([] { read(R"({"quantization": {"group_size": 32, "bits": 4, "mode": "odd"}})"); },
               {"quantization.mode", "\"odd\""});
  expect_error([] { read(R"({"quantization": {"group_size": 64, "bits": 4, "x": {"bits": 1}}})"); },
               {"quantization.x.bits", "1"});
  expect_error([] { read(R"({"quantization_config": {"quant_method": "aqlm", "bits": 4}})"); },
               {"quantization_config.quant_method", "\"aqlm\"", "awq, gptq"});
}

TEST(QuantizationConfig, OfAnotherProgramOnlyTheNameIsRead) {
  const QuantizationConfig config =
      read(R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 7}})");
  EXPECT_EQ(config.foreign_method, "gptq");
  EXPECT_EQ(config.global, std::nullopt);
}

}  // namespace
}  // namespace quern::models
