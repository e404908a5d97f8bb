#include "models/adapters/merge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/quantized.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "models/adapters/adapter.h"
#include "models/quantize/convert.h"
#include "tests/models/adapters/adapter_folders.h"
#include "tests/models/adapters/merged_reference.h"
#include "tests/models/logits_of.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using models::Adapter;
using models::AdapterConfig;
using models::AdapterInUse;
using models::AdapterLayers;
using models::AdapterStrength;
using models::ConvertOptions;
using models::ModelFiles;

AdapterInUse in_use(const ModelFolder& folder, float strength = 1) {
  return {folder.path(), std::make_shared<AdapterStrength>(strength)};
}

/// With the adapters beside the model.
std::vector<float> logits_beside(const fs::path& model, const std::vector<AdapterInUse>& adapters) {
  const ModelFiles files = ModelFiles::open(model);
  std::vector<models::UpdateSource> sources;
  for (const AdapterInUse& adapter : adapters)
    sources.push_back(Adapter::load(adapter.folder, files).updates(files, adapter.strength));
  return logits_of(files, models::together(std::move(sources)));
}

TEST(MergeAdapters, ComputesWhatTheyComputeBesideTheModel) {
  QUERN_NEEDS_FIXTURES("training");
  for (const std::string& name : trainings()) {
    SCOPED_TRACE(name);
    const ModelFolder folder;
    write_fixture_adapter(folder, name);
    const fs::path base = training(name) / "base";
    for (const float strength : {1.0f, 0.5f, 0.0f}) {
      const std::vector<AdapterInUse> adapters = {in_use(folder, strength)};
      ModelFiles files = ModelFiles::open(base);
      const auto report = models::merge_adapters(adapters, files, false);
      EXPECT_EQ(report.quantized, 0);
      EXPECT_EQ(report.modules > 0, strength > 0);
      EXPECT_LT(largest_error(logits_of(files), logits_beside(base, adapters)), 2e-4) << strength;
    }
  }
}

/// Random adapters on all that can be adapted, one of each kind, against float64.
TEST(MergeAdapters, AddUpOnExpertsAndEmbeddings) {
  QUERN_NEEDS_FIXTURES("models");
  for (const char* name : {"llama-tied", "mixtral", "mixtral-q4", "llama-mxfp4", "qwen3_moe"}) {
    SCOPED_TRACE(name);
    const ModelFiles files = ModelFiles::open(fixtures_folder() / "models" / name);
    std::vector<std::string> paths;
    for (const auto& module : models::adaptable_modules(files)) paths.push_back(module.path);
    const ModelFolder folders[2];
    std::vector<AdapterInUse> adapters;
    std::vector<ReferenceAdapter> reference;
    for (const auto kind : {AdapterConfig::Kind::lora, AdapterConfig::Kind::dora}) {
      const AdapterLayers layers(
          files, {.kind = kind, .num_layers = -1, .rank = 3, .scale = 1.5f, .keys = paths});
      const size_t i = adapters.size();
      const auto parameters = random_like(layers.initial(random::key(1)), 20 + i);
      Adapter(layers, parameters).save_mlx(folders[i].path());
      const float strength = i == 0 ? 1.0f : 0.5f;
      adapters.push_back(in_use(folders[i], strength));
      reference.push_back({.parameters = parameters, .scale = 1.5, .strength = strength});
    }
    ModelFiles merged = files;
    const auto report = models::merge_adapters(adapters, merged, false);
    EXPECT_EQ(report.modules, int(paths.size()));
    EXPECT_LT(largest_error(logits_of(merged), logits_of(merged_reference(files, reference))),
              2e-3);
  }
}

TEST(MergeAdapters, GoesIntoEveryFormat) {
  QUERN_NEEDS_FIXTURES("training");
  for (const char* name : {"dora-adam", "lora-all-adamw-cosine", "qlora-q4"}) {
    const ModelFolder folder, out;
    write_fixture_adapter(folder, name);
    const fs::path base = training(name) / "base";
    const std::vector<AdapterInUse> adapters = {in_use(folder)};
    const auto expected = logits_beside(base, adapters);
    for (const auto format : {ConvertOptions::Format::mlx, ConvertOptions::Format::published,
                              ConvertOptions::Format::gguf}) {
      SCOPED_TRACE(testing::Message() << name << " " << int(format));
      const bool gguf = format == ConvertOptions::Format::gguf;
      const fs::path to = out.path() / (gguf ? "model.gguf" : std::to_string(int(format)));
      const auto report = models::convert(base, to,
                                          {.format = format,
                                           .dequantize = true,
                                           .dtype = float32,
                                           .gguf_type = "F32",
                                           .adapters = adapters});
      ASSERT_TRUE(report && report->merge);
      EXPECT_LT(largest_error(logits_of(ModelFiles::open(to)), expected), 1e-3);
    }
  }
}

std::vector<float> floats_of(const ModelFiles& files, const std::string& path) {
  const auto q = files.config.quantization.of(path);
  array floats = dequantize(files.weights.at(path + ".weight"), files.weights.at(path + ".scales"),
                            files.weights.at(path + ".biases"), q->group_size, q->bits, q->mode,
                            std::nullopt, float32);
  floats.eval();
  return {floats.data<float>(), floats.data<float>() + floats.size()};
}

TEST(MergeAdapters, QuantizesAgainAndSaysWhatThatCost) {
  QUERN_NEEDS_FIXTURES("training");
  const ModelFolder folder, out;
  write_fixture_adapter(folder, "qlora-q4");
  const fs::path base = training("qlora-q4") / "base", fused = out.path() / "fused";
  const auto report = models::convert(base, fused, {.adapters = {in_use(folder)}});
  ASSERT_TRUE(report && report->merge);
  const auto& merge = *report->merge;
  EXPECT_EQ(merge.modules, 9);
  EXPECT_EQ(merge.quantized, 9);

  const ModelFiles before = ModelFiles::open(base), after = ModelFiles::open(fused);
  EXPECT_EQ(after.config.quantization.of("model.layers.0.mlp.down_proj"),
            before.config.quantization.of("model.layers.0.mlp.down_proj"));
  const ModelFiles exact = merged_reference(
      before,
      {{.parameters = read_parameters(training("qlora-q4") / "final.safetensors"), .scale = 10}});
  double change = 0, along = 0, error = 0;
  const Adapter adapter = Adapter::load(folder.path(), before);
  for (const auto& module : adapter.modules()) {
    const std::string& path = module.module.path;
    const auto was = floats_of(before, path), is = floats_of(after, path);
    array wanted = exact.weights.at(path + ".weight");
    wanted.eval();
    for (size_t i = 0; i < was.size(); ++i) {
      const double delta = double(wanted.data<float>()[i]) - double(was[i]);
      change += delta * delta;
      along += (double(is[i]) - double(was[i])) * delta;
      error += std::pow(double(is[i]) - double(wanted.data<float>()[i]), 2);
    }
  }
  EXPECT_NEAR(merge.kept, along / change, 0.01);
  EXPECT_NEAR(merge.error, std::sqrt(error / change), 0.01);
  EXPECT_GT(merge.error, 0.0);
  EXPECT_GT(largest_error(logits_of(after), logits_of(before)), 1e-3);
}

TEST(MergeAdapters, RefusesWhatCannotBe) {
  QUERN_NEEDS_FIXTURES("training");
  const ModelFolder head, full;
  const fs::path tied = training("lora-all-adamw-cosine") / "base";
  head.write("adapter_config.json",
             R"({"num_layers": 1, "lora_parameters": {"rank": 2, "scale": 1.0}})");
  write_parameters(head.path() / "adapters.safetensors",
                   {{"lm_head.lora_a", zeros({64, 2})}, {"lm_head.lora_b", zeros({2, 256})}});
  ModelFiles files = ModelFiles::open(tied);
  expect_error([&] { models::merge_adapters({in_use(head)}, files, true); },
               {"lm_head", "the embedding"});
  full.write("adapter_config.json", R"({"fine_tune_type": "full", "num_layers": 1})");
  write_parameters(full.path() / "adapters.safetensors", {{"model.norm.weight", zeros({64})}});
  expect_error([&] { models::merge_adapters({in_use(full, 0.5f)}, files, true); },
               {"full fine-tune", "0.5"});
  EXPECT_EQ(models::merge_adapters({in_use(full)}, files, true).modules, 1);
}

}  // namespace
}  // namespace quern::tests
