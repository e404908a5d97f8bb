#include "models/adapters/adapter_layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <set>

#include "engine/io/safetensors.h"
#include "engine/nn/random_scope.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/decoder/load_decoder.h"
#include "tests/fixtures.h"
#include "tests/models/adapters/merged_reference.h"
#include "tests/models/model_folder.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using models::AdaptableModule;
using models::AdapterConfig;
using models::AdapterLayers;
using models::ModelFiles;
using Kind = AdapterConfig::Kind;

ModelFiles fixture(const std::string& name) {
  return ModelFiles::open(fixtures_folder() / "models" / name);
}

AdapterConfig config_of(const fs::path& file) {
  std::ifstream in(file);
  const auto json = nlohmann::json::parse(in);
  const auto& lora = json.at("lora_parameters");
  AdapterConfig config{.kind = json.at("fine_tune_type") == "dora" ? Kind::dora : Kind::lora,
                       .num_layers = json.at("num_layers"),
                       .rank = lora.at("rank"),
                       .scale = lora.at("scale")};
  if (lora.contains("keys")) config.keys = lora.at("keys");
  return config;
}

std::vector<std::string> paths_of(const std::vector<AdaptableModule>& modules) {
  std::vector<std::string> paths;
  for (const AdaptableModule& module : modules) paths.push_back(module.path);
  return paths;
}

std::vector<std::string> chosen(const ModelFiles& files, int num_layers,
                                std::vector<std::string> keys) {
  return paths_of(AdapterLayers(files, {.num_layers = num_layers, .keys = keys}).modules());
}

/// Every module that can be adapted, those outside the layers too.
AdapterConfig everything(const ModelFiles& files, Kind kind) {
  return {.kind = kind,
          .num_layers = -1,
          .rank = 3,
          .scale = 1.5f,
          .keys = paths_of(models::adaptable_modules(files))};
}

TEST(AdapterLayers, BeginAsTheFixturesDo) {
  QUERN_NEEDS_FIXTURES("training");
  for (const auto& entry : fs::directory_iterator(fixtures_folder() / "training")) {
    SCOPED_TRACE(entry.path().filename().string());
    const AdapterLayers layers(ModelFiles::open(entry.path() / "base"),
                               config_of(entry.path() / "adapter_config.json"));
    const nn::Parameters found = layers.initial(random::key(3));
    const SafetensorsFile expected(entry.path() / "initial.safetensors");
    EXPECT_EQ(found.size(), expected.tensors().size());
    for (const auto& [name, tensor] : expected.tensors()) {
      ASSERT_TRUE(found.contains(name)) << name;
      const array& value = found.at(name);
      EXPECT_EQ(value.shape(), tensor.shape) << name;
      EXPECT_EQ(value.dtype(), float32) << name;
      const array largest = max(abs(value));
      if (name.ends_with(".m")) {
        EXPECT_LT(max(abs(subtract(value, expected.load(name)))).item<float>(), 1e-5f) << name;
      } else if (name.ends_with(".lora_b")) {
        EXPECT_EQ(largest.item<float>(), 0.0f) << name;
      } else {
        const float bound = 1 / std::sqrt(float(tensor.shape[0]));
        EXPECT_LE(largest.item<float>(), bound) << name;
        EXPECT_GT(largest.item<float>(), 0.9f * bound) << name;
      }
    }
  }
}

TEST(AdapterLayers, ChangeNothingAtFirst) {
  QUERN_NEEDS_FIXTURES("models");
  for (const char* name : {"llama-tied", "mixtral-q4"}) {
    const ModelFiles files = fixture(name);
    for (const Kind kind : {Kind::lora, Kind::dora}) {
      const AdapterLayers layers(files, everything(files, kind));
      EXPECT_LT(largest_error(logits_of(files, layers.updates(layers.initial(random::key(1)))),
                              logits_of(files)),
                1e-5);
    }
  }
}

/// LoRA and DoRA on everything that can be adapted, in each family that the fixtures have.
TEST(AdapterLayers, ComputeWhatMergedWeightsCompute) {
  QUERN_NEEDS_FIXTURES("models");
  std::set<AdaptableModule::Kind> kinds;
  for (const auto& entry : fs::directory_iterator(fixtures_folder() / "models")) {
    SCOPED_TRACE(entry.path().filename().string());
    const ModelFiles files = ModelFiles::open(entry.path());
    const auto plain = logits_of(files);
    for (const AdaptableModule& module : models::adaptable_modules(files))
      kinds.insert(module.kind);
    for (const Kind kind : {Kind::lora, Kind::dora}) {
      const AdapterLayers layers(files, everything(files, kind));
      EXPECT_EQ(std::set(layers.config().keys->begin(), layers.config().keys->end()).size(),
                layers.modules().size());
      const auto parameters = random_like(layers.initial(random::key(1)), 5);
      const auto found = logits_of(files, layers.updates(parameters));
      const auto expected =
          logits_of(merged_reference(files, {{.parameters = parameters, .scale = 1.5}}));
      EXPECT_LT(largest_error(found, expected), 2e-3) << int(kind);
      EXPECT_GT(largest_error(plain, expected), 0.05) << int(kind);
    }
  }
  EXPECT_EQ(kinds.size(), 3u);
}

TEST(AdapterLayers, AddUpWithTheirStrengths) {
  QUERN_NEEDS_FIXTURES("models");
  for (const char* name : {"llama-tied", "mixtral", "mixtral-q4"}) {
    SCOPED_TRACE(name);
    const ModelFiles files = fixture(name);
    std::vector<ReferenceAdapter> reference;
    std::vector<models::UpdateSource> sources;
    std::vector<std::shared_ptr<models::AdapterStrength>> strengths;
    for (const Kind kind : {Kind::lora, Kind::dora, Kind::lora}) {
      const AdapterLayers layers(files, everything(files, kind));
      reference.push_back(
          {.parameters = random_like(layers.initial(random::key(1)), reference.size() + 1),
           .scale = 1.5});
      strengths.push_back(std::make_shared<models::AdapterStrength>());
      sources.push_back(layers.updates(reference.back().parameters, false, strengths.back()));
    }
    const auto decoder = models::load_decoder(
        files.weights, files.spec, files.config.quantization, true, name,
        [&](const AdaptableModule& module, const models::StoredWeight& weight) {
          models::LowRankUpdates all;
          for (const auto& source : sources)
            for (auto& update : source(module, weight)) all.push_back(std::move(update));
          return all;
        });
    const std::vector<int32_t> tokens = {1, 20, 33, 7, 50, 9, 33, 2};
    const std::vector<std::vector<float>> choices = {{1, 1, 1},        {0.5f, 0, 0}, {0, 0.5f, 0},
                                                     {0.25f, 1, 0.5f}, {0, 0, 0},    {1, 0.5f, 0}};
    for (const auto& choice : choices) {
      for (size_t i = 0; i < choice.size(); ++i) {
        strengths[i]->set(choice[i]);
        reference[i].strength = choice[i];
      }
      array logits =
          contiguous(decoder->logits(array(tokens.begin(), {1, int(tokens.size())}, int32)));
      logits.eval();
      const std::vector<float> found(logits.data<float>(), logits.data<float>() + logits.size());
      EXPECT_LT(largest_error(found, logits_of(merged_reference(files, reference))), 2e-3)
          << choice[0] << " " << choice[1] << " " << choice[2];
    }
  }
}

TEST(AdapterLayers, DropoutTakesPartOfTheInputsAndKeepsTheMean) {
  const array x = random::normal({1, 64}, float32, random::key(1));
  const models::StoredWeight weight{.weight = random::normal({4, 64}, float32, random::key(2))};
  models::LowRankUpdate update{.down = random::normal({2, 64}, float32, random::key(3)),
                               .up = random::normal({4, 2}, float32, random::key(4)),
                               .scale = 0.5f,
                               .dropout = 0.25f};
  const array product = weight.product(x, true);
  const auto change = [&](const models::LowRankUpdate& with, uint64_t seed) {
    const nn::RandomScope scope(random::key(seed));
    return subtract(models::updated_product({with}, weight, x, product), product);
  };
  models::LowRankUpdate whole = update;
  whole.dropout = 0;
  const array expected = change(whole, 0);
  constexpr int draws = 1000;
  array mean = multiply(expected, array(0.0f));
  for (int i = 0; i < draws; ++i)
    mean = add(mean, multiply(change(update, i), array(1.0f / draws)));
  // One draw misses by about |x| |D| sqrt(1/3): the mean of 1000 by 30 times less.
  EXPECT_GT(max(abs(subtract(change(update, 0), expected))).item<float>(), 0.1f);
  EXPECT_EQ(max(abs(subtract(change(update, 0), change(update, 0)))).item<float>(), 0.0f);
  EXPECT_LT(max(abs(subtract(mean, expected))).item<float>(), 1.0f);
}

TEST(AdapterLayers, KeysMeanPathsWithinTheLastLayersOrWholePaths) {
  QUERN_NEEDS_FIXTURES("models");
  const ModelFiles llama = fixture("llama");
  const std::string last = "model.layers." + std::to_string(llama.spec.layers.size() - 1) + ".";
  using Paths = std::vector<std::string>;
  EXPECT_EQ(chosen(llama, 1, {"self_attn.q_proj"}), Paths{last + "self_attn.q_proj"});
  EXPECT_EQ(chosen(llama, 1, {"self_attn.q*", "*.down_proj"}),
            (Paths{last + "self_attn.q_proj", last + "mlp.down_proj"}));
  EXPECT_EQ(chosen(llama, 1, {"*"}).size(), 7u);
  EXPECT_EQ(chosen(llama, 1, {"lm_head", "model.embed_tokens"}),
            (Paths{"model.embed_tokens", "lm_head"}));
  EXPECT_EQ(chosen(llama, 1, {"model.layers.0.mlp.up_proj"}), Paths{"model.layers.0.mlp.up_proj"});
  EXPECT_EQ(chosen(llama, -1, {"model.layers.*.mlp.up_proj"}).size(), llama.spec.layers.size());
  EXPECT_EQ(AdapterLayers(llama, {.num_layers = 2}).modules().size(), 14u);
  // The router is a Linear; experts are one module.
  EXPECT_EQ(AdapterLayers(fixture("mixtral"), {.num_layers = 1}).modules().size(), 8u);
}

TEST(AdapterLayers, RefuseWhatCannotBe) {
  QUERN_NEEDS_FIXTURES("models");
  const ModelFiles llama = fixture("llama");
  const auto refuse = [&](const AdapterConfig& config, std::initializer_list<const char*> parts) {
    expect_error([&] { AdapterLayers(llama, config); }, parts);
  };
  refuse({.num_layers = 0}, {"num_layers is 0"});
  refuse({.num_layers = 99}, {"num_layers is 99", "layers"});
  refuse({.num_layers = -2}, {"num_layers is -2"});
  refuse({.num_layers = 1, .rank = 0}, {"rank is 0"});
  refuse({.num_layers = 1, .dropout = 1.0f}, {"dropout is 1"});
  refuse({.kind = Kind::full, .num_layers = 1}, {"full"});
  refuse({.num_layers = 1, .keys = std::vector<std::string>{}}, {"empty list"});
  refuse({.num_layers = 1,
          .keys = std::vector<std::string>{"self_attn.q_proj", "self_attn.q_prj", "lm_haed"}},
         {"\"self_attn.q_prj\" (nearest are self_attn.q_proj", "\"lm_haed\" (nearest are lm_head"});

  const AdapterLayers layers(llama, {.num_layers = 1, .rank = 4});
  nn::Parameters parameters = layers.initial(random::key(0));
  const auto node = parameters.extract(parameters.begin());
  expect_error([&] { layers.updates(parameters); }, {node.key().c_str(), "is missing"});
  const AdapterLayers other(llama, {.num_layers = 1, .rank = 5});
  expect_error([&] { layers.updates(other.initial(random::key(0))); },
               {"lora_a", "(64,5)", "(64,4)"});
}

}  // namespace
}  // namespace quern::tests
