#include "models/quantize/convert.h"

#include <fmt/format.h>

#include <random>

#include "engine/io/gguf_repack.h"
#include "engine/io/safetensors.h"
#include "engine/memory/memory.h"
#include "engine/ops/quantized.h"
#include "models/language_model.h"
#include "models/weights/gguf/gguf_checkpoint.h"
#include "tests/models/logits_of.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

namespace fs = std::filesystem;
using Format = ConvertOptions::Format;
using Json = nlohmann::json;
using tests::expect_error;
using tests::logits_of;
using tests::ModelFolder;
using tests::relative_error;

/// A Llama of floats with random weights and the tokenizer of the model in this repository.
struct TinyLlama : ModelFolder {
  explicit TinyLlama(int layers = 3, int hidden = 256, int intermediate = 512)
      : ModelFolder("tiny-chat") {
    edit_json("config.json", [&](Json& config) {
      config.erase("quantization");
      config.erase("quantization_config");
      config["hidden_size"] = hidden;
      config["intermediate_size"] = intermediate;
      config["num_hidden_layers"] = layers;
    });
    // GGUF knows tokenizers by how they divide text; without merges it does not matter how.
    edit_json("tokenizer.json",
              [](Json& tokenizer) { tokenizer["pre_tokenizer"]["use_regex"] = true; });
    const int key_value = hidden / 2;
    add("model.embed_tokens", 256, hidden);
    add("lm_head", 256, hidden);
    add_norm("model.norm", hidden);
    for (int i = 0; i < layers; ++i) {
      const std::string layer = fmt::format("model.layers.{}.", i);
      add(layer + "self_attn.q_proj", hidden, hidden);
      add(layer + "self_attn.k_proj", key_value, hidden);
      add(layer + "self_attn.v_proj", key_value, hidden);
      add(layer + "self_attn.o_proj", hidden, hidden);
      add(layer + "mlp.gate_proj", intermediate, hidden);
      add(layer + "mlp.up_proj", intermediate, hidden);
      add(layer + "mlp.down_proj", hidden, intermediate);
      add_norm(layer + "input_layernorm", hidden);
      add_norm(layer + "post_attention_layernorm", hidden);
    }
    remove("model.safetensors");
    save_safetensors(path() / "model.safetensors", tensors);
  }

  void add(const std::string& name, int out, int in) {
    std::normal_distribution<float> normal(0, 1 / std::sqrt(float(in)));
    std::vector<float> values(size_t(out) * size_t(in));
    for (float& x : values) x = normal(random);
    tensors.emplace(name + ".weight", array(values.begin(), {out, in}));
  }
  void add_norm(const std::string& name, int size) {
    std::vector<float> values;
    for (int i = 0; i < size; ++i) values.push_back(0.75f + float(random() % 512) / 1024);
    tensors.emplace(name + ".weight", array(values.begin(), {size}));
  }

  std::mt19937 random{5};
  std::unordered_map<std::string, array> tensors;
};

class Convert : public testing::Test {
 protected:
  static void SetUpTestSuite() { floats_ = new TinyLlama; }
  static void TearDownTestSuite() { delete std::exchange(floats_, nullptr); }

  const fs::path& floats() const { return floats_->path(); }
  fs::path in(const char* name) const { return output_.path() / name; }

  static TinyLlama* floats_;
  tests::TemporaryFolder output_;
};

TinyLlama* Convert::floats_ = nullptr;

TEST_F(Convert, ToQuantizedAndBackToFloats) {
  const std::vector<float> expected = logits_of(floats());
  struct Case {
    Quantization q;
    double bits;   ///< per weight: of matrices, and the few floats besides
    double worst;  ///< of logits
  };
  for (const auto& [q, bits, worst] : {Case{{64, 4, "affine"}, 4.5, 0.45},
                                       {{32, 8, "affine"}, 9, 0.03},
                                       {{128, 2, "affine"}, 2.25, 2},
                                       {{32, 3, "affine"}, 4, 0.7},
                                       {{64, 6, "affine"}, 6.5, 0.1},
                                       {{32, 4, "mxfp4"}, 4.25, 0.6},
                                       {{32, 8, "mxfp8"}, 8.25, 0.3},
                                       {{16, 4, "nvfp4"}, 4.5, 0.5}}) {
    SCOPED_TRACE(testing::Message() << q.mode << " " << q.bits);
    const fs::path made = in(fmt::format("{}{}", q.mode, q.bits).c_str());
    const auto report = convert(floats(), made, {.plan = {.quantization = q}, .dtype = float16});
    ASSERT_TRUE(report);
    EXPECT_NEAR(report->bits_per_weight, bits, 0.05);
    EXPECT_EQ(report->parameters, 2 * 256 * 256 + 3 * (3 * 256 * 512 + 3 * 256 * 256) + 7 * 256);
    const double error = relative_error(logits_of(made), expected);
    EXPECT_LT(error, worst);
    EXPECT_GT(error, worst / 20);
    EXPECT_EQ(ModelFiles::open(made).config.quantization.global, q);

    // And what was quantized comes back as the floats that it stood for.
    const fs::path back = in(fmt::format("{}{}-back", q.mode, q.bits).c_str());
    ASSERT_TRUE(convert(made, back, {.format = Format::published, .dtype = float32}));
    EXPECT_EQ(ModelFiles::open(back).config.quantization.global, std::nullopt);
    EXPECT_LT(relative_error(logits_of(back), logits_of(made)), 1e-4);
  }
}

TEST_F(Convert, WithARecipeAndRules) {
  const ConvertOptions options{
      .plan = {.quantization = Quantization{32, 4, "affine"},
               .recipe = "mixed_3_6",
               .rules = {{"layers.0.mlp.up", std::nullopt},
                         {"layers.1.mlp.up", Quantization{32, 4, "mxfp4"}}}}};
  ASSERT_TRUE(convert(floats(), in("mixed"), options));
  const ModelFiles files = ModelFiles::open(in("mixed"));
  const auto& q = files.config.quantization;
  EXPECT_EQ(q.global, (Quantization{32, 3, "affine"}));
  EXPECT_EQ(q.of("lm_head"), (Quantization{32, 6, "affine"}));
  EXPECT_EQ(q.of("model.layers.2.self_attn.v_proj"), (Quantization{32, 6, "affine"}));
  EXPECT_EQ(q.of("model.layers.1.mlp.up_proj"), (Quantization{32, 4, "mxfp4"}));
  EXPECT_EQ(files.weights.at("model.layers.0.mlp.up_proj.weight").dtype(), float32);
  EXPECT_LT(relative_error(logits_of(in("mixed")), logits_of(floats())), 0.5);
  // Quantizing again what is quantized already.
  ASSERT_TRUE(
      convert(in("mixed"), in("again"), {.plan = {.quantization = Quantization{64, 8, "affine"}}}));
  EXPECT_LT(relative_error(logits_of(in("again")), logits_of(in("mixed"))), 0.05);
}

TEST_F(Convert, WithoutAPlanQuantizedWeightsStayAsTheyAre) {
  const fs::path source = tests::data_folder() / "models" / "tiny-chat";
  ASSERT_TRUE(convert(source, in("copy"), {}));
  EXPECT_EQ(logits_of(in("copy")), logits_of(source));
  const Tokenizer tokenizer = Tokenizer::load(in("copy"));
  EXPECT_EQ(tokenizer.encode("hello"), Tokenizer::load(source).encode("hello"));
  EXPECT_TRUE(fs::exists(in("copy") / "generation_config.json"));
  EXPECT_TRUE(LanguageModel::load(in("copy"))->has_chat_template());
}

TEST_F(Convert, ShardsHoldAtMostTheirSize) {
  ASSERT_TRUE(convert(floats(), in("shards"), {.dtype = float16, .shard_bytes = 1 << 20}));
  size_t shards = 0;
  for (const auto& entry : fs::directory_iterator(in("shards"))) {
    if (entry.path().extension() != ".safetensors") continue;
    ++shards;
    EXPECT_LT(entry.file_size(), (1 << 20) + 8192);
  }
  EXPECT_GT(shards, 3u);
  EXPECT_LT(relative_error(logits_of(in("shards")), logits_of(floats())), 1e-2);
}

TEST_F(Convert, ToGgufAndBackIsTheSameModel) {
  const std::vector<float> expected = logits_of(floats());
  for (const auto& [type, worst] : {std::pair("F32", 1e-5),
                                    {"F16", 3e-3},
                                    {"BF16", 2e-2},
                                    {"Q8_0", 3e-2},
                                    {"Q6_K", 0.1},
                                    {"Q5_K_M", 0.2},
                                    {"Q5_0", 0.2},
                                    {"Q5_1", 0.2},
                                    {"Q4_K_M", 0.35},
                                    {"Q4_0", 0.45},
                                    {"Q4_1", 0.4}}) {
    SCOPED_TRACE(type);
    const fs::path file = in((std::string(type) + ".gguf").c_str());
    const auto report = convert(floats(), file, {.format = Format::gguf, .gguf_type = type});
    ASSERT_TRUE(report);
    const double error = relative_error(logits_of(file), expected);
    EXPECT_LT(error, worst);
    EXPECT_GT(error, worst > 1e-4 ? worst / 30 : -1);
  }
}

/// Every block of a file, decoded by the type's own decoder, against the weight as the model has
/// it.
TEST_F(Convert, GgufBlocksAreReadWithoutLoss) {
  for (const char* type : {"Q8_0", "Q6_K", "Q5_K", "Q4_K", "Q4_0", "Q5_1"}) {
    const fs::path file = in((std::string(type) + "-exact.gguf").c_str());
    ASSERT_TRUE(convert(floats(), file, {.format = Format::gguf, .gguf_type = type}));
    const GgufCheckpoint checkpoint = GgufCheckpoint::open(file);
    const ModelFiles files = ModelFiles::open(file);
    const std::string path = "model.layers.1.mlp.down_proj";
    const auto q = files.config.quantization.of(path);
    array found = dequantize(files.weights.at(path + ".weight"), files.weights.at(path + ".scales"),
                             files.weights.at(path + ".biases"), q->group_size, q->bits, q->mode,
                             std::nullopt, float32);
    found.eval();
    const GGUFFile opened(ByteReader(
        [&] {
          std::ifstream in(file, std::ios::binary);
          const std::string bytes(std::istreambuf_iterator<char>(in), {});
          auto buffer = Buffer::allocate(bytes.size());
          std::memcpy(buffer->data(), bytes.data(), bytes.size());
          return buffer;
        }(),
        "test"));
    const auto& t = opened.tensors().at("blk.1.ffn_down.weight");
    const auto* blocks = static_cast<const uint8_t*>(opened.bytes().buffer()->data()) + t.offset;
    std::vector<float> expected(found.size());
    for (size_t i = 0; i < expected.size() / t.type->block_elements; ++i) {
      t.type->decode(blocks + i * t.type->block_bytes, &expected[i * t.type->block_elements]);
    }
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(found.data<float>()[i], expected[i], 2e-7) << type << " " << i;
  }
}

TEST_F(Convert, AGgufFileIsAWholeModel) {
  ASSERT_TRUE(convert(floats(), in("whole.gguf"), {.format = Format::gguf, .gguf_type = "Q8_0"}));
  const auto model = LanguageModel::load(in("whole.gguf"));
  const auto original = LanguageModel::load(floats());
  ASSERT_TRUE(model->has_tokenizer());
  for (const char* text : {"Hello, world!", "  two spaces\nand a line", "caf\xc3\xa9 42"}) {
    EXPECT_EQ(model->tokenizer().encode(text), original->tokenizer().encode(text)) << text;
  }
  EXPECT_EQ(model->tokenizer().chat_template(), original->tokenizer().chat_template());
  EXPECT_EQ(model->eos_token_ids(), original->eos_token_ids());
  EXPECT_EQ(model->config().max_position_embeddings, 512);
  // From GGUF to MLX, quantized as it was.
  ASSERT_TRUE(convert(in("whole.gguf"), in("from-gguf"), {}));
  EXPECT_LT(relative_error(logits_of(in("from-gguf")), logits_of(in("whole.gguf"))), 1e-3);
  EXPECT_EQ(ModelFiles::open(in("from-gguf")).config.quantization.global,
            (Quantization{32, 8, "affine"}));
}

TEST_F(Convert, ASplitModelNeedsAllItsFiles) {
  ASSERT_TRUE(convert(floats(), in("m-00001-of-00002.gguf"), {.format = Format::gguf}));
  expect_error([&] { ModelFiles::open(in("m-00001-of-00002.gguf")); },
               {"[gguf]", "one of 2 files", "m-00002-of-00002.gguf is missing"});
  fs::copy_file(in("m-00001-of-00002.gguf"), in("m-00002-of-00002.gguf"));
  expect_error([&] { ModelFiles::open(in("m-00002-of-00002.gguf")); }, {"1 files"});
}

TEST_F(Convert, NeverOverwritesAndLeavesNothingBehind) {
  const auto entries = [&] {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(output_.path())) ++count;
    return count;
  };
  fs::create_directory(in("there"));
  expect_error([&] { convert(floats(), in("there"), {}); }, {"there", "exists already"});
  EXPECT_EQ(entries(), 1u);

  for (const Format format : {Format::mlx, Format::gguf}) {
    std::stop_source stop;
    int tensors = 0;
    const ConversionWatch watch{[&](const ConversionProgress& progress) {
                                  EXPECT_LE(progress.bytes_done, progress.bytes_total);
                                  EXPECT_FALSE(progress.tensor.empty());
                                  if (++tensors == 5) stop.request_stop();
                                },
                                stop.get_token()};
    EXPECT_FALSE(convert(floats(), in("stopped"), {.format = format}, watch));
    EXPECT_EQ(tensors, 5);
    EXPECT_EQ(entries(), 1u);
  }
  expect_error(
      [&] { convert(floats(), in("x.gguf"), {.format = Format::gguf, .gguf_type = "Q9"}); },
      {"Q9"});
  expect_error([&] { convert(output_.path(), in("x"), {}); }, {"config.json"});
  // What a crash left does not stand in the way.
  fs::create_directory(in(".made.partial"));
  EXPECT_TRUE(convert(floats(), in("made"), {}));
  EXPECT_EQ(entries(), 2u);
}

TEST(ConvertMemory, IsThatOfTheLargestTensorNotOfTheModel) {
  const TinyLlama deep(12, 256, 1024);
  const size_t model = fs::file_size(deep.path() / "model.safetensors");
  const size_t largest = size_t(256) * 1024 * 4;
  ASSERT_GT(model, 20 * largest);
  for (const Format format : {Format::mlx, Format::published, Format::gguf}) {
    const tests::TemporaryFolder output;
    ConvertOptions options{.format = format, .dtype = float16, .gguf_type = "Q4_0"};
    if (format == Format::mlx) options.plan.quantization = Quantization{64, 4, "affine"};
    const size_t before = get_active_memory();
    reset_peak_memory();
    ASSERT_TRUE(convert(deep.path(), output.path() / "out", options));
    EXPECT_LT(get_peak_memory() - before, 3 * largest) << int(format);
    EXPECT_LT(get_active_memory(), before + largest / 8);
  }
}

// Each model of the fixtures that can be written as GGUF computes the same logits from there.
class ConvertFixture : public testing::TestWithParam<const char*> {};

TEST_P(ConvertFixture, ComputesTheSameFromGguf) {
  const fs::path folder = fs::path("models") / GetParam();
  QUERN_NEEDS_FIXTURES(folder);
  const fs::path source = tests::fixtures_folder() / folder;
  const tests::TemporaryFolder output;
  const fs::path file = output.path() / "model.gguf";
  ASSERT_TRUE(convert(source, file, {.format = Format::gguf, .gguf_type = "F32"}));
  // GGUF has one GELU, which differs from the exact one by up to 5e-4.
  const std::string name = GetParam();
  const double worst = name == "gemma" || name == "starcoder2" ? 1e-3 : 1e-5;
  EXPECT_LT(relative_error(logits_of(file), logits_of(source)), worst);
  // And back under the published names.
  ASSERT_TRUE(convert(file, output.path() / "back", {.format = Format::published}));
  EXPECT_LT(relative_error(logits_of(output.path() / "back"), logits_of(source)), worst);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ConvertFixture,
                         testing::Values("llama", "llama-linear-rope", "llama-tied", "mistral",
                                         "mixtral", "mixtral-raw", "qwen2", "qwen3", "gemma",
                                         "gemma2", "glm4", "gpt_oss", "granite", "smollm3", "olmo2",
                                         "phi3", "phi3-longrope", "starcoder2", "cohere2"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Readers of GGUF take some patterns of layers for granted; these models have others.
TEST(ConvertToGguf, WhatWouldBeReadAsAnotherModelIsRefused) {
  QUERN_NEEDS_FIXTURES("models");
  const std::pair<const char*, const char*> cases[] = {
      {"gemma3", "layer 2 sees 8 tokens, not all tokens"},
      {"exaone4", "layer 2 sees 8 tokens, not all tokens"},
      {"qwen3_moe", "layer 0 has experts"}};
  for (const auto& [name, why] : cases) {
    const tests::TemporaryFolder output;
    const fs::path file = output.path() / "model.gguf";
    const fs::path source = tests::fixtures_folder() / "models" / name;
    expect_error([&] { convert(source, file, {.format = Format::gguf, .gguf_type = "F32"}); },
                 {"[gguf]", "no words for this model", why});
    EXPECT_TRUE(fs::is_empty(output.path())) << name;
  }
}

}  // namespace
}  // namespace quern::models
