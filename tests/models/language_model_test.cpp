#include "models/language_model.h"

#include <cmath>

#include "engine/io/safetensors.h"
#include "engine/memory/memory.h"
#include "engine/ops/cast.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using tests::ModelFolder;
using Json = nlohmann::json;

TEST(LanguageModel, LoadsEverythingAFolderHolds) {
  const auto model = LanguageModel::load(tests::data_folder() / "models" / "tiny-chat");
  EXPECT_EQ(model->config().model_type, "llama");
  ASSERT_TRUE(model->has_tokenizer());
  EXPECT_EQ(model->tokenizer().vocab_size(), 256);
  ASSERT_TRUE(model->has_chat_template());
  EXPECT_EQ(model->eos_token_ids(), std::vector<int32_t>{247});
  const ChatMessage messages[] = {{"user", "Hé!"}};
  const std::string prompt = model->chat_template().render(messages);
  EXPECT_EQ(prompt, "<|user|>Hé!<|end|><|assistant|>");
  EXPECT_EQ(model->tokenizer().encode(prompt),
            (std::vector<int32_t>{245, 'H', 0xC3, 0xA9, '!', 247, 246}));
}

TEST(LanguageModel, OpeningReadsNoWeights) {
  const size_t before = get_active_memory();
  reset_peak_memory();
  const auto model = LanguageModel::load(tests::data_folder() / "models" / "tiny-chat");
  EXPECT_LT(get_peak_memory() - before, size_t(50'000));
}

TEST(LanguageModel, LogitsOfTheLastPositionAlone) {
  const auto model = LanguageModel::load(tests::data_folder() / "models" / "tiny-chat");
  const array tokens = array({1, 2, 3, 4, 5, 6}, Shape{2, 3}, int32);
  Cache cache = model->decoder().make_cache();
  array all = model->decoder().logits(tokens, cache);
  cache = model->decoder().make_cache();
  array last = model->decoder().logits(tokens, cache, true);
  ASSERT_EQ(all.shape(), (Shape{2, 3, 256}));
  ASSERT_EQ(last.shape(), (Shape{2, 1, 256}));
  all.eval();
  last.eval();
  for (int b = 0; b < 2; ++b) {
    for (int i = 0; i < 256; ++i) {
      EXPECT_NEAR(last.data<float>()[b * 256 + i], all.data<float>()[(b * 3 + 2) * 256 + i], 1e-4f);
    }
  }
}

TEST(LanguageModel, ComputesInTheDtypeOfTheWeightsUnlessAskedForExactness) {
  const ModelFolder folder("tiny-chat");
  auto [weights, metadata] = load_safetensors(folder.path() / "model.safetensors");
  for (auto& [name, weight] : weights) {
    if (weight.dtype() == float32) weight = astype(weight, bfloat16);
  }
  save_safetensors(folder.path() / "model.safetensors", weights, metadata);
  const array tokens = array({1, 2, 3, 4}, Shape{1, 4}, int32);
  const auto logits = [&](bool exact) {
    const auto model = LanguageModel::load(folder.path(), {.exact = exact});
    Cache cache = model->decoder().make_cache();
    const array out = model->decoder().logits(tokens, cache);
    EXPECT_EQ(out.dtype(), exact ? float32 : bfloat16);
    EXPECT_EQ(cache[0]->state().arrays[0].dtype(), exact ? float32 : bfloat16);
    array floats = astype(out, float32);
    floats.eval();
    return floats;
  };
  const array exact = logits(true), rounded = logits(false);
  for (size_t i = 0; i < exact.size(); ++i) {
    const float expected = exact.data<float>()[i];
    // The model is tiny: rounding what its quantized weights are multiplied with shows.
    EXPECT_NEAR(rounded.data<float>()[i], expected, 0.2f * (1 + std::abs(expected)));
  }
}

TEST(LanguageModel, GoesWithoutATokenizer) {
  const ModelFolder folder("tiny-chat");
  folder.remove("tokenizer.json");
  folder.remove("generation_config.json");
  folder.edit_json("config.json", [](Json& json) { json["eos_token_id"] = {3, 4}; });
  const auto model = LanguageModel::load(folder.path());
  EXPECT_FALSE(model->has_tokenizer());
  EXPECT_FALSE(model->has_chat_template());
  EXPECT_EQ(model->eos_token_ids(), (std::vector<int32_t>{3, 4}));
  expect_error([&] { model->tokenizer(); }, {"[tokenizer]", "tokenizer.json"});
  expect_error([&] { model->chat_template(); }, {"[template]", "no chat template"});
}

TEST(LanguageModel, ATemplateThatCannotBeReadIsAnErrorOnlyWhenItIsNeeded) {
  const ModelFolder folder("tiny-chat");
  folder.edit_json("tokenizer_config.json", [](Json& json) { json["chat_template"] = "{% if %}"; });
  const auto model = LanguageModel::load(folder.path());
  EXPECT_FALSE(model->has_chat_template());
  expect_error([&] { model->chat_template(); }, {"[template]"});
}

TEST(LanguageModel, GenerationConfigWinsOverConfig) {
  const ModelFolder folder("tiny-chat");
  folder.edit_json("generation_config.json", [](Json& json) { json["eos_token_id"] = {9, 247}; });
  EXPECT_EQ(LanguageModel::load(folder.path())->eos_token_ids(), (std::vector<int32_t>{9, 247}));
}

TEST(LanguageModel, AFolderThatIsNoModelIsNamed) {
  const ModelFolder empty;
  expect_error([&] { LanguageModel::load(empty.path()); },
               {"[config]", "config.json", "no such file"});
  expect_error([&] { LanguageModel::load(empty.path() / "nowhere"); }, {"nowhere", "not a folder"});
  const ModelFolder no_weights("tiny-chat");
  no_weights.remove("model.safetensors");
  expect_error([&] { LanguageModel::load(no_weights.path()); }, {"[weights]", "no weights"});
}

TEST(LanguageModel, TensorsThatDoNotFitAreNamed) {
  const std::string norm = "model.layers.1.input_layernorm.weight";
  ModelFolder folder("tiny-chat");
  folder.edit_header([&](Json& header) {
    header["model.layers.9.surprise"] = header[norm];
    header.erase(norm);
  });
  expect_error([&] { LanguageModel::load(folder.path()); },
               {"[weights]", "1 tensor is missing", "model.layers.1.input_layernorm.weight (128)",
                "not part of this model", "model.layers.9.surprise (128)"});

  ModelFolder other("tiny-chat");
  other.edit_json("config.json", [](Json& json) { json["intermediate_size"] = 512; });
  expect_error([&] { LanguageModel::load(other.path()); },
               {"27 tensors are of another shape", "mlp.gate_proj.weight is uint32 (256,16)",
                "uint32 (512,16)"});
}

TEST(LanguageModel, QuantizationThatDoesNotFitIsNamed) {
  ModelFolder folder("tiny-chat");
  folder.edit_json("config.json", [](Json& json) {
    json.erase("quantization");
    json.erase("quantization_config");
  });
  expect_error([&] { LanguageModel::load(folder.path()); },
               {"embed_tokens is quantized", "nothing"});

  ModelFolder bits("tiny-chat");
  bits.edit_json("config.json", [](Json& json) { json["quantization"]["bits"] = 8; });
  expect_error([&] { LanguageModel::load(bits.path()); },
               {"embed_tokens.weight is uint32 (256,16)", "uint32 (256,32)"});

  ModelFolder group("tiny-chat");
  group.edit_json("config.json", [](Json& json) {
    json["hidden_size"] = 192;
    json["quantization"]["group_size"] = 128;
  });
  expect_error([&] { LanguageModel::load(group.path()); }, {"rows of 192", "group_size 128"});
}

TEST(LanguageModel, ATokenizerLargerThanTheEmbeddingIsRefused) {
  const ModelFolder folder("tiny-chat");
  folder.edit_json("tokenizer.json", [](Json& json) {
    Json more = json["added_tokens"][0];
    more["id"] = 256;
    more["content"] = "<|more|>";
    json["added_tokens"].push_back(more);
  });
  expect_error([&] { LanguageModel::load(folder.path()); },
               {"[tokenizer]", "257 pieces", "256 rows"});
}

}  // namespace
}  // namespace quern::models
