// Files that are damaged here and there give an error or a model, never anything else.

#include <random>

#include "engine/io/safetensors.h"
#include "models/decoder/load_decoder.h"
#include "models/language_model.h"
#include "models/model_files.h"
#include "models/quantize/convert.h"
#include "models/weights/checkpoint.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::ModelFolder;

/// The model of this repository with one layer of its three, and a tokenizer that GGUF has a name
/// for.
struct OneLayer : ModelFolder {
  OneLayer() : ModelFolder("tiny-chat") {
    std::unordered_map<std::string, array> kept;
    for (const auto& [name, value] : Checkpoint::open(path()).weights()) {
      const bool later =
          name.find("layers.") != std::string::npos && name.find("layers.0.") == std::string::npos;
      if (!later) kept.emplace(name, value);
    }
    save_safetensors(path() / "kept.safetensors", kept);
    std::filesystem::rename(path() / "kept.safetensors", path() / "model.safetensors");
    edit_json("config.json", [](nlohmann::json& config) { config["num_hidden_layers"] = 1; });
    edit_json("tokenizer.json",
              [](nlohmann::json& tokenizer) { tokenizer["pre_tokenizer"]["use_regex"] = true; });
  }
};

/// Replaces, inserts or removes a few bytes, or cuts the text off.
std::string mutated(std::string text, std::mt19937& random, size_t within) {
  within = std::min(within, text.size());
  for (unsigned n = 1 + random() % 3; n > 0; --n) {
    const size_t at = random() % within;
    switch (random() % 6) {
      case 0:
        text.insert(at, 1, char(random()));
        break;
      case 1:
        text.erase(at, 1 + random() % 4);
        break;
      case 2:
        text[at] = "0123456789-e.\"{}[],:"[random() % 20];
        break;
      case 3:
        text[at] = char(text[at] ^ char(1u << random() % 8));
        break;
      case 4:
        text.replace(at, 1, "99999999999");
        break;
      default:
        text[at] = char(random());
    }
    within = std::max<size_t>(1, std::min(within, text.size()));
  }
  if (random() % 50 == 0) text.resize(random() % text.size());
  return text;
}

/// Opens a model and binds its weights, without computing anything.
void bind(const std::filesystem::path& model) {
  const ModelFiles files = ModelFiles::open(model);
  load_decoder(files.weights, files.spec, files.config.quantization, false, model.string());
}

void expect_only_model_errors(const std::function<void()>& action, int& errors) {
  try {
    action();
  } catch (const ModelError& e) {
    ++errors;
    EXPECT_LT(std::string(e.what()).size(), 4000u);
  } catch (const std::exception& e) {
    ADD_FAILURE() << "not a ModelError: " << e.what();
  }
}

TEST(DamagedModels, Config) {
  const OneLayer folder;
  const std::string config = folder.read("config.json");
  std::mt19937 random(1);
  int errors = 0;
  for (int i = 0; i < 2000; ++i) {
    folder.write("config.json", mutated(config, random, config.size()));
    expect_only_model_errors([&] { bind(folder.path()); }, errors);
  }
  EXPECT_GT(errors, 1000);
}

TEST(DamagedModels, Index) {
  tests::TemporaryFolder output;
  const std::filesystem::path model = output.path() / "m";
  const OneLayer source;
  ASSERT_TRUE(convert(source.path(), model, {.shard_bytes = 1 << 16}));
  const auto index = model / "model.safetensors.index.json";
  std::ifstream in(index);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  std::mt19937 random(2);
  int errors = 0;
  for (int i = 0; i < 2000; ++i) {
    std::ofstream(index) << mutated(text, random, text.size());
    expect_only_model_errors([&] { bind(model); }, errors);
  }
  EXPECT_GT(errors, 500);
}

TEST(DamagedModels, Gguf) {
  tests::TemporaryFolder output;
  const std::filesystem::path file = output.path() / "m.gguf";
  const OneLayer source;
  ASSERT_TRUE(
      convert(source.path(), file, {.format = ConvertOptions::Format::gguf, .gguf_type = "Q4_0"}));
  std::ifstream in(file, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  const size_t header = bytes.find("blk.0.ffn_up.weight") + 2000;
  const std::filesystem::path damaged = output.path() / "d.gguf";
  std::mt19937 random(3);
  int errors = 0;
  for (int i = 0; i < 2000; ++i) {
    std::ofstream(damaged, std::ios::binary) << mutated(bytes, random, header);
    expect_only_model_errors([&] { LanguageModel::load(damaged); }, errors);
  }
  EXPECT_GT(errors, 1000);
}

}  // namespace
}  // namespace quern::models
