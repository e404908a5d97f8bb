#include "models/cache/cache_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/graph/eval.h"
#include "engine/ops/shape.h"
#include "models/fingerprint.h"
#include "models/language_model.h"
#include "tests/models/model_folder.h"
#include "tests/temporary_folder.h"

namespace quern::models {
namespace {

namespace fs = std::filesystem;
using tests::expect_error;
using tests::TemporaryFolder;

class CacheFile : public testing::Test {
 protected:
  static std::shared_ptr<const LanguageModel> model() {
    static const auto loaded =
        LanguageModel::load(tests::data_folder() / "models" / "tiny-chat", {.exact = true});
    return loaded;
  }

  static array read(SequenceCache& cache, const std::vector<int32_t>& ids) {
    array logits = model()->decoder().logits(array(ids.begin(), {1, ShapeElem(ids.size())}, int32),
                                             cache.layers(), true);
    logits.eval();
    cache.append(ids.data(), int(ids.size()));
    eval(cache.arrays());
    return logits;
  }

  static SequenceCache load(const fs::path& file, const std::string& fingerprint = "abc") {
    return load_sequence(file, model()->decoder().make_cache(), 256, fingerprint);
  }

  fs::path saved(std::optional<KeyValueQuantization> quantization = std::nullopt) const {
    SequenceCache cache(model()->decoder().make_cache());
    if (quantization) {
      for (auto& layer : cache.layers()) layer->quantize(*quantization);
    }
    read(cache, {1, 2, 3, 4, 5, 6, 7});
    save_sequence(folder_.path() / "prompt.safetensors", cache, "abc");
    return folder_.path() / "prompt.safetensors";
  }

  TemporaryFolder folder_;
};

TEST_F(CacheFile, GoesOnWhereItWasWritten) {
  for (const bool quantized : {false, true}) {
    const auto quantization =
        quantized ? std::optional(KeyValueQuantization{.bits = 8}) : std::nullopt;
    SequenceCache expected(model()->decoder().make_cache());
    if (quantized) {
      for (auto& layer : expected.layers()) layer->quantize(*quantization);
    }
    read(expected, {1, 2, 3, 4, 5, 6, 7});
    SequenceCache found = load(saved(quantization));
    EXPECT_EQ(found.tokens(), expected.tokens());
    const array a = read(expected, {9}), b = read(found, {9});
    for (size_t i = 0; i < 256; ++i) ASSERT_FLOAT_EQ(b.data<float>()[i], a.data<float>()[i]);
    EXPECT_EQ(found.reachable(3), 3);
  }
}

TEST_F(CacheFile, HoldsNoMoreThanItsTokens) {
  // Keys and values of 7 tokens, 3 layers, 2 heads of 32 elements; and the header.
  EXPECT_LT(fs::file_size(saved()), 7 * 3 * 2 * 2 * 32 * 4 + 4096u);
}

TEST_F(CacheFile, OtherModelsAndVersionsAreRefused) {
  const fs::path file = saved();
  expect_error([&] { load(file, "other"); }, {"[cache]", "prompt.safetensors", "another model"});
  expect_error([&] { load(folder_.path() / "none.safetensors"); }, {"[cache]", "none.safetensors"});
  expect_error([&] { load(tests::data_folder() / "models" / "tiny-chat" / "model.safetensors"); },
               {"[cache]", "quern_cache"});
  expect_error([&] { load_sequence(file, model()->decoder().make_cache(), 4, "abc"); },
               {"token 4"});
  expect_error([&] { load_sequence(file, Cache(), 256, "abc"); }, {"0 layers"});
}

TEST_F(CacheFile, DamagedFilesAreErrors) {
  const fs::path file = saved();
  std::ifstream in(file, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  const auto with = [&](std::string bytes) {
    const fs::path damaged = folder_.path() / "damaged.safetensors";
    std::ofstream(damaged, std::ios::binary) << bytes;
    return damaged;
  };
  for (size_t length = 0; length < good.size(); length += 97)
    expect_error([&] { load(with(good.substr(0, length))); }, {"[cache]"});
  // Any byte of the header: an error or, where it says nothing, the same.
  const size_t header = 8 + size_t(uint8_t(good[0])) + 256 * size_t(uint8_t(good[1]));
  for (size_t i = 8; i < header; i += 3) {
    std::string bytes = good;
    bytes[i] = bytes[i] == '1' ? '7' : '1';
    try {
      const SequenceCache found = load(with(bytes));
      EXPECT_EQ(found.length(), 7);
    } catch (const ModelError&) {
    }
  }
}

TEST(Fingerprint, TellsModelsApart) {
  const tests::ModelFolder a("tiny-chat"), b("tiny-chat");
  const std::string original = fingerprint(a.path());
  EXPECT_EQ(original.size(), 16u);
  EXPECT_EQ(fingerprint(b.path()), original) << "wherever it is";
  b.edit_json("config.json", [](nlohmann::json& json) { json["rope_theta"] = 9999; });
  EXPECT_NE(fingerprint(b.path()), original);
  const tests::ModelFolder c("tiny-chat");
  std::string weights = c.read("model.safetensors");
  weights.back() = char(weights.back() + 1);
  c.write("model.safetensors", weights);
  EXPECT_NE(fingerprint(c.path()), original);
  a.write("tokenizer_config.json", "{}");
  EXPECT_EQ(fingerprint(a.path()), original) << "it computes the same";
}

}  // namespace
}  // namespace quern::models
