// Models with adapters beside them, and what generators remember when strengths change.

#include <gtest/gtest.h>

#include "engine/ops/random.h"
#include "models/adapters/adapter.h"
#include "models/generate/generator.h"
#include "models/language_model.h"
#include "tests/models/adapters/adapter_folders.h"
#include "tests/models/adapters/merged_reference.h"

namespace quern::tests {
namespace {

using models::Adapter;
using models::AdapterConfig;
using models::AdapterInUse;
using models::AdapterLayers;
using models::AdapterStrength;
using models::Generator;
using models::LanguageModel;

class AdaptersInUse : public testing::Test {
 protected:
  AdaptersInUse() {
    const auto files = models::ModelFiles::open(model_);
    uint64_t seed = 1;
    for (const ModelFolder* folder : {&first_, &second_}) {
      const AdapterLayers layers(files, {.kind = AdapterConfig::Kind::dora, .num_layers = -1});
      Adapter(layers, random_like(layers.initial(random::key(1)), ++seed)).save_mlx(folder->path());
    }
  }

  std::shared_ptr<const LanguageModel> load(float first, float second) const {
    return LanguageModel::load(
        model_, {.exact = true,
                 .adapters = {{first_.path(), std::make_shared<AdapterStrength>(first)},
                              {second_.path(), std::make_shared<AdapterStrength>(second)}}});
  }
  struct Answer {
    std::vector<int32_t> tokens;
    int cached = 0;
  };
  static Answer answer(
      Generator& generator, const std::function<void(size_t)>& after_token = [](size_t) {}) {
    models::GenerationRequest request;
    request.prompt = {5, 6, 7, 8, 9, 10, 11, 12};
    request.max_tokens = 12;
    request.sampling.temperature = 0;
    Answer out;
    const auto statistics = generator.generate(request, [&](const models::GeneratedToken& token) {
      out.tokens.push_back(token.id);
      after_token(out.tokens.size());
    });
    out.cached = statistics.cached_tokens;
    return out;
  }
  std::vector<int32_t> fresh(float first, float second) const {
    Generator generator(load(first, second));
    return answer(generator).tokens;
  }

  const std::filesystem::path model_ = data_folder() / "models" / "tiny-chat";
  ModelFolder first_, second_;
};

TEST_F(AdaptersInUse, TheirStrengthsChangeTheAnswer) {
  Generator plain(LanguageModel::load(model_, {.exact = true}));
  EXPECT_EQ(fresh(0, 0), answer(plain).tokens);
  EXPECT_NE(fresh(1, 0), fresh(0, 0));
  EXPECT_NE(fresh(0, 1), fresh(1, 0));
  EXPECT_NE(fresh(1, 1), fresh(1, 0));
}

TEST_F(AdaptersInUse, WhatWasReadWithAnotherStrengthIsReadAgain) {
  Generator generator(load(1, 0));
  const auto& adapters = generator.model().adapters();
  ASSERT_EQ(adapters.size(), 2u);
  EXPECT_EQ(answer(generator).tokens, fresh(1, 0));
  EXPECT_GT(answer(generator).cached, 0);
  adapters[0].strength->set(0.25f);
  const Answer changed = answer(generator);
  EXPECT_EQ(changed.cached, 0);
  EXPECT_EQ(changed.tokens, fresh(0.25f, 0));
  EXPECT_GT(answer(generator).cached, 0);
  adapters[0].strength->set(0.25f);  // no change
  EXPECT_GT(answer(generator).cached, 0);
}

TEST_F(AdaptersInUse, AnAnswerDuringWhichAStrengthChangedIsNotRemembered) {
  Generator generator(load(1, 0));
  const auto strength = generator.model().adapters()[0].strength;
  answer(generator, [&](size_t count) {
    if (count == 3) strength->set(0);
    if (count == 6) strength->set(1);
  });
  const Answer next = answer(generator);
  EXPECT_EQ(next.cached, 0);
  EXPECT_EQ(next.tokens, fresh(1, 0));
}

TEST_F(AdaptersInUse, ASavedPromptBelongsToItsAdaptersAndStrengths) {
  const ModelFolder folder;
  const auto file = folder.path() / "prompt.safetensors";
  Generator generator(load(1, 0));
  answer(generator);
  generator.save(file, 8);
  Generator same(load(1, 0));
  same.load(file);
  EXPECT_GT(answer(same).cached, 0);
  Generator other(load(0.5f, 0));
  expect_error([&] { other.load(file); }, {"another model"});
  Generator without(LanguageModel::load(model_, {.exact = true}));
  expect_error([&] { without.load(file); }, {"another model"});
  // What is remembered of before is nothing to save now.
  std::filesystem::remove(file);
  generator.model().adapters()[1].strength->set(1);
  generator.save(file, 8);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(AdaptersInUse, AnAdapterOfAnotherModelIsRefused) {
  first_.edit_json("adapter_config.json", [](auto& json) { json["lora_parameters"]["rank"] = 9; });
  expect_error([&] { load(1, 1); }, {"rank 9"});
}

}  // namespace
}  // namespace quern::tests
