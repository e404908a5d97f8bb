#include "models/config/model_config.h"

#include "models/families/family.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using Json = nlohmann::json;

/// The smallest complete config.json, changed.
ModelConfig load(const std::function<void(Json&)>& change = [](Json&) {}) {
  Json json = {{"model_type", "llama"},  {"hidden_size", 64}, {"intermediate_size", 128},
               {"num_hidden_layers", 2}, {"vocab_size", 256}, {"num_attention_heads", 4}};
  change(json);
  const tests::ModelFolder folder;
  folder.write("config.json", json.dump());
  return ModelConfig::load(folder.path());
}

TEST(ModelConfig, FillsInPublishedDefaults) {
  const ModelConfig config = load();
  EXPECT_EQ(config.num_key_value_heads, 4);
  EXPECT_EQ(config.head_dim, 16);
  EXPECT_EQ(config.rms_norm_eps, 1e-6f);
  EXPECT_EQ(config.rope.theta, 10000.0f);
  EXPECT_EQ(config.tie_word_embeddings, std::nullopt);
  EXPECT_EQ(config.sliding_window, std::nullopt);
  EXPECT_TRUE(config.eos_token_ids.empty());
  EXPECT_FALSE(config.quantization.global);
}

TEST(ModelConfig, NullCountsAsAbsent) {
  const ModelConfig config = load([](Json& json) {
    for (const char* key : {"head_dim", "num_key_value_heads", "rope_scaling", "rope_parameters",
                            "sliding_window", "eos_token_id", "quantization"}) {
      json[key] = nullptr;
    }
  });
  EXPECT_EQ(config.head_dim, 16);
  EXPECT_EQ(config.num_key_value_heads, 4);
}

TEST(ModelConfig, EndOfSequenceIsOneTokenOrSeveral) {
  EXPECT_EQ(load([](Json& json) { json["eos_token_id"] = 2; }).eos_token_ids,
            (std::vector<int32_t>{2}));
  EXPECT_EQ(load([](Json& json) {
              json["eos_token_id"] = {2, 5};
            }).eos_token_ids,
            (std::vector<int32_t>{2, 5}));
}

TEST(ModelConfig, AMissingFileIsNamed) {
  const tests::ModelFolder folder;
  expect_error([&] { ModelConfig::load(folder.path()); },
               {"[config]", "config.json", "no such file"});
}

TEST(ModelConfig, InvalidJsonIsNamedWithItsLine) {
  const tests::ModelFolder folder;
  folder.write("config.json", "{\n  \"model_type\": \"llama\",\n  oops\n}");
  expect_error([&] { ModelConfig::load(folder.path()); }, {"[config]", "config.json", "line 3"});
  folder.write("config.json", "[1, 2]");
  expect_error([&] { ModelConfig::load(folder.path()); }, {"config.json", "array"});
}

TEST(ModelConfig, AWrongKeyIsNamedWithItsValue) {
  expect_error([] { load([](Json& json) { json.erase("hidden_size"); }); },
               {"[config]", "config.json", "hidden_size", "missing"});
  expect_error([] { load([](Json& json) { json["vocab_size"] = "many"; }); },
               {"vocab_size", "\"many\"", "not an integer"});
  expect_error([] { load([](Json& json) { json["num_hidden_layers"] = -3; }); },
               {"num_hidden_layers", "-3", "1..16384"});
  expect_error([] { load([](Json& json) { json["hidden_size"] = 1e30; }); },
               {"hidden_size", "1e+30"});
  expect_error([] { load([](Json& json) { json["rms_norm_eps"] = "tiny"; }); },
               {"rms_norm_eps", "\"tiny\"", "not a number"});
  expect_error([] { load([](Json& json) { json["attention_bias"] = 1; }); },
               {"attention_bias", "1", "true or false"});
  expect_error([] { load([](Json& json) { json["model_type"] = 7; }); }, {"model_type", "7"});
}

TEST(ModelConfig, NumbersThatDoNotFitTogetherAreNamed) {
  expect_error([] { load([](Json& json) { json["num_key_value_heads"] = 3; }); },
               {"num_attention_heads", "4", "num_key_value_heads 3"});
  const auto describe = [] {
    const ModelConfig config = load([](Json& json) { json["hidden_size"] = 66; });
    find_family(config).describe(config);
  };
  expect_error(describe, {"hidden_size", "66", "num_attention_heads 4"});
  expect_error([] { load([](Json& json) { json["layer_types"] = {"full_attention"}; }); },
               {"layer_types", "1 entries", "num_hidden_layers 2"});
}

TEST(ModelConfig, AnUnknownFamilyIsNamedWithTheNearestKnown) {
  expect_error([] { load([](Json& json) { json["model_type"] = "qwen33"; }); },
               {"model_type \"qwen33\"", "nearest is \"qwen3\""});
  expect_error([] { load([](Json& json) { json["model_type"] = "lama"; }); },
               {"model_type \"lama\"", "nearest is \"llama\""});
}

}  // namespace
}  // namespace quern::models
