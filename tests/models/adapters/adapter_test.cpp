#include "models/adapters/adapter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "engine/io/safetensors.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "models/decoder/load_decoder.h"
#include "tests/models/adapters/adapter_folders.h"
#include "tests/models/adapters/merged_reference.h"

namespace quern::tests {
namespace {

namespace fs = std::filesystem;
using models::Adapter;
using models::AdapterConfig;
using models::AdapterLayers;
using models::ModelFiles;
using Json = nlohmann::json;

std::vector<float> logits_with(const ModelFiles& files, const Adapter& adapter) {
  return logits_of(files, adapter.updates(files));
}

/// The mean loss of a step's batch, from the definition: tokens whose index from 1 is at least the
/// row's offset and less than its length, given those before.
double loss_of(const ModelFiles& files, const Adapter& adapter, const fs::path& batches, int step) {
  const auto decoder = models::load_decoder(files.weights, files.spec, files.config.quantization,
                                            true, files.path.string(), adapter.updates(files));
  const SafetensorsFile file(batches);
  array tokens = file.load("tokens"), lengths = file.load("lengths");
  tokens.eval();
  lengths.eval();
  const int rows = tokens.shape(1), columns = tokens.shape(2);
  double sum = 0;
  int count = 0;
  for (int row = 0; row < rows; ++row) {
    const int32_t* ids = tokens.data<int32_t>() + (step * rows + row) * columns;
    const int32_t* limits = lengths.data<int32_t>() + (step * rows + row) * 2;
    array logits = contiguous(decoder->logits(array(ids, {1, columns - 1}, int32)));
    logits.eval();
    const int vocab = logits.shape(2);
    for (int t = std::max(1, limits[0]); t < std::min(limits[1], columns); ++t) {
      const float* of = logits.data<float>() + (t - 1) * vocab;
      double total = 0;
      for (int v = 0; v < vocab; ++v) total += std::exp(double(of[v]));
      sum += std::log(total) - double(of[ids[t]]);
      ++count;
    }
  }
  return sum / count;
}

TEST(Adapter, ReadsWhatMlxLmWroteAndHasItsLoss) {
  QUERN_NEEDS_FIXTURES("training");
  for (const std::string& name : trainings()) {
    SCOPED_TRACE(name);
    const ModelFolder before, after;
    write_fixture_adapter(before, name, "initial");
    write_fixture_adapter(after, name);
    const ModelFiles files = ModelFiles::open(training(name) / "base");
    const Adapter initial = Adapter::load(before.path(), files),
                  trained = Adapter::load(after.path(), files);
    std::ifstream in(training(name) / "trace.json");
    const auto losses = Json::parse(in).at("loss");
    const fs::path batches = training(name) / "batches.safetensors";
    EXPECT_NEAR(loss_of(files, initial, batches, 0), losses.front().get<double>(), 2e-3);
    // The last step went down the slope of this very batch.
    const int last = int(losses.size()) - 1;
    const double loss = loss_of(files, trained, batches, last);
    EXPECT_LT(loss, losses.back().get<double>());
    EXPECT_LT(loss, loss_of(files, initial, batches, last));
    EXPECT_GT(largest_error(logits_with(files, trained), logits_of(files)), 0.01);
  }
}

/// An adapter of mlx-lm's written out as PEFT writes it: transposed, and under other names.
void write_peft(const ModelFolder& folder, const std::string& name, const std::string& infix,
                bool magnitude_is_weight, bool stabilized) {
  nn::Parameters tensors;
  for (const auto& [key, value] : read_parameters(training(name) / "final.safetensors")) {
    const size_t dot = key.rfind('.');
    const std::string path = "base_model.model." + key.substr(0, dot), part = key.substr(dot + 1);
    if (part == "m") {
      tensors.emplace(
          path + ".lora_magnitude_vector" + infix + (magnitude_is_weight ? ".weight" : ""), value);
    } else {
      tensors.emplace(path + (part == "lora_a" ? ".lora_A" : ".lora_B") + infix + ".weight",
                      contiguous(transpose(value)));
    }
  }
  write_parameters(folder.path() / "adapter_model.safetensors", tensors);
  std::ifstream in(training(name) / "adapter_config.json");
  const Json mlx = Json::parse(in);
  const Json& lora = mlx.at("lora_parameters");
  const double rank = lora.at("rank"), scale = lora.at("scale");
  const Json json = {{"peft_type", "LORA"},
                     {"r", lora.at("rank")},
                     {"lora_alpha", scale * (stabilized ? std::sqrt(rank) : rank)},
                     {"use_rslora", stabilized},
                     {"use_dora", mlx.at("fine_tune_type") == "dora"},
                     {"target_modules", "all-linear"},
                     {"layers_to_transform", nullptr},
                     {"modules_to_save", nullptr},
                     {"bias", "none"},
                     {"init_lora_weights", true},
                     {"fan_in_fan_out", false}};
  folder.write("adapter_config.json", json.dump());
}

TEST(Adapter, ReadsTheSameFromPeft) {
  QUERN_NEEDS_FIXTURES("training");
  for (const std::string& name : trainings()) {
    SCOPED_TRACE(name);
    const ModelFiles files = ModelFiles::open(training(name) / "base");
    const ModelFolder mlx;
    write_fixture_adapter(mlx, name);
    const auto expected = logits_with(files, Adapter::load(mlx.path(), files));
    for (const bool other : {false, true}) {
      const ModelFolder peft;
      write_peft(peft, name, other ? ".default" : "", !other, other);
      EXPECT_LT(largest_error(logits_with(files, Adapter::load(peft.path(), files)), expected),
                1e-5);
    }
  }
}

TEST(Adapter, GoesAroundThroughBothFormats) {
  QUERN_NEEDS_FIXTURES("training");
  for (const std::string& name : trainings()) {
    SCOPED_TRACE(name);
    const ModelFiles files = ModelFiles::open(training(name) / "base");
    const ModelFolder folder, peft, mlx;
    write_fixture_adapter(folder, name);
    Adapter::load(folder.path(), files).save_peft(peft.path(), files, "base");
    Adapter::load(peft.path(), files).save_mlx(mlx.path(), "base");
    const auto before = read_parameters(folder.path() / "adapters.safetensors"),
               after = read_parameters(mlx.path() / "adapters.safetensors");
    ASSERT_EQ(before.size(), after.size());
    for (const auto& [key, value] : before)
      EXPECT_TRUE(array_equal(value, after.at(key)).item<bool>()) << key;
    const Json was = Json::parse(folder.read("adapter_config.json"));
    Json is = Json::parse(mlx.read("adapter_config.json"));
    EXPECT_EQ(is["model"], "base");
    EXPECT_EQ(is["fine_tune_type"], was["fine_tune_type"]);
    EXPECT_EQ(is["num_layers"], was["num_layers"]);
    for (const char* key : {"rank", "scale", "dropout"})
      EXPECT_EQ(is["lora_parameters"][key], was["lora_parameters"][key]) << key;
  }
}

/// LoRA on all that is adaptable within the layers, in every family of the fixtures.
TEST(Adapter, GoesAroundInEveryFamily) {
  QUERN_NEEDS_FIXTURES("models");
  int published = 0, with_experts = 0;
  for (const auto& entry : fs::directory_iterator(fixtures_folder() / "models")) {
    const std::string name = entry.path().filename().string();
    SCOPED_TRACE(name);
    const ModelFiles files = ModelFiles::open(entry.path());
    const AdapterLayers layers(files, {.num_layers = -1, .rank = 2, .scale = 3});
    const auto parameters = random_like(layers.initial(random::key(1)), 5);
    const auto expected = logits_of(files, layers.updates(parameters));
    const Adapter adapter(layers, parameters);
    const ModelFolder mlx, peft;
    adapter.save_mlx(mlx.path());
    const auto again = read_parameters(mlx.path() / "adapters.safetensors");
    ASSERT_EQ(again.size(), parameters.size());
    for (const auto& [key, value] : parameters)
      EXPECT_TRUE(array_equal(value, again.at(key)).item<bool>()) << key;
    EXPECT_LT(largest_error(logits_with(files, Adapter::load(mlx.path(), files)), expected), 1e-5);
    try {
      adapter.save_peft(peft.path(), files);
    } catch (const models::ModelError& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr("has no name of its own"));
      continue;
    }
    ++published;
    const auto tensors = read_parameters(peft.path() / "adapter_model.safetensors");
    for (const auto& [key, value] : tensors) {
      if (key.find("experts.1.") == std::string::npos) continue;
      ++with_experts;
      break;
    }
    EXPECT_LT(largest_error(logits_with(files, Adapter::load(peft.path(), files)), expected), 1e-4);
  }
  RecordProperty("published", published);
  EXPECT_GE(published, 20);
  EXPECT_GE(with_experts, 3);
}

TEST(Adapter, ModulesMayDifferInRankAndScale) {
  QUERN_NEEDS_FIXTURES("models");
  const ModelFiles files = ModelFiles::open(fixtures_folder() / "models" / "llama");
  const std::string q = "model.layers.0.self_attn.q_proj", down = "model.layers.1.mlp.down_proj";
  const auto drawn = [](const Shape& shape, uint64_t seed) {
    return multiply(random::normal(shape, float32, random::key(seed)), array(0.1f));
  };
  const int hidden = files.config.hidden_size, size = files.config.intermediate_size;
  const array q_a = drawn({2, hidden}, 1), q_b = drawn({hidden, 2}, 2),
              down_a = drawn({5, size}, 3), down_b = drawn({hidden, 5}, 4);
  const ModelFolder peft, mlx;
  write_parameters(peft.path() / "adapter_model.safetensors",
                   {{"base_model.model." + q + ".lora_A.weight", q_a},
                    {"base_model.model." + q + ".lora_B.weight", q_b},
                    {"base_model.model." + down + ".lora_A.weight", down_a},
                    {"base_model.model." + down + ".lora_B.weight", down_b}});
  peft.write("adapter_config.json",
             Json({{"peft_type", "LORA"},
                   {"r", 2},
                   {"lora_alpha", 6},
                   {"rank_pattern", {{"down_proj", 5}}},
                   {"alpha_pattern", {{"layers\\.\\d+\\.mlp\\.down_proj", 20}}}})
                 .dump());
  const auto expected = logits_of(merged_reference(
      files, {{.parameters = {{q + ".lora_a", transpose(q_a)}, {q + ".lora_b", transpose(q_b)}},
               .scale = 3},
              {.parameters = {{down + ".lora_a", transpose(down_a)},
                              {down + ".lora_b", transpose(down_b)}},
               .scale = 4}}));
  const Adapter adapter = Adapter::load(peft.path(), files);
  EXPECT_LT(largest_error(logits_with(files, adapter), expected), 1e-4);
  adapter.save_mlx(mlx.path());
  const Adapter again = Adapter::load(mlx.path(), files);
  EXPECT_EQ(again.config().rank, 5);
  EXPECT_EQ(again.config().keys, (std::vector<std::string>{q, down}));
  EXPECT_LT(largest_error(logits_with(files, again), expected), 1e-4);
  const ModelFolder back;
  adapter.save_peft(back.path(), files);
  const Json config = Json::parse(back.read("adapter_config.json"));
  EXPECT_EQ(config["rank_pattern"], Json({{down, 5}}));
  EXPECT_LT(largest_error(logits_with(files, Adapter::load(back.path(), files)), expected), 1e-4);
}

TEST(Adapter, EmbeddingsOfPeftAreTransposed) {
  QUERN_NEEDS_FIXTURES("models");
  const ModelFiles files = ModelFiles::open(fixtures_folder() / "models" / "llama");
  const int vocab = files.config.vocab_size, hidden = files.config.hidden_size;
  const array a = random::normal({2, vocab}, float32, random::key(1)),
              b = random::normal({hidden, 2}, float32, random::key(2));
  const ModelFolder folder, back;
  write_parameters(folder.path() / "adapter_model.safetensors",
                   {{"base_model.model.model.embed_tokens.lora_embedding_A", a},
                    {"base_model.model.model.embed_tokens.lora_embedding_B", b}});
  folder.write("adapter_config.json", R"({"peft_type": "LORA", "r": 2, "lora_alpha": 1})");
  const auto expected = logits_of(
      merged_reference(files, {{.parameters = {{"model.embed_tokens.lora_a", transpose(a)},
                                               {"model.embed_tokens.lora_b", transpose(b)}},
                                .scale = 0.5}}));
  const Adapter adapter = Adapter::load(folder.path(), files);
  EXPECT_LT(largest_error(logits_with(files, adapter), expected), 1e-4);
  adapter.save_peft(back.path(), files);
  EXPECT_LT(largest_error(logits_with(files, Adapter::load(back.path(), files)), expected), 1e-4);
  const ModelFiles tied = ModelFiles::open(fixtures_folder() / "models" / "llama-tied");
  expect_error([&] { Adapter::load(folder.path(), tied); }, {"embed_tokens", "is the head too"});
}

TEST(Adapter, NamesOfMultimodalModelsAreAccepted) {
  QUERN_NEEDS_FIXTURES("training");
  const ModelFiles files = ModelFiles::open(training("lora-adam") / "base");
  const ModelFolder plain, prefixed;
  write_fixture_adapter(plain, "lora-adam");
  nn::Parameters renamed;
  for (const auto& [key, value] : read_parameters(training("lora-adam") / "final.safetensors"))
    renamed.emplace("language_model." + key, value);
  write_parameters(prefixed.path() / "adapters.safetensors", renamed);
  prefixed.write("adapter_config.json", plain.read("adapter_config.json"));
  EXPECT_EQ(logits_with(files, Adapter::load(prefixed.path(), files)),
            logits_with(files, Adapter::load(plain.path(), files)));
}

TEST(Adapter, AFullFineTuneReplacesWeights) {
  QUERN_NEEDS_FIXTURES("training");
  const ModelFolder folder;
  folder.write("adapter_config.json", R"({"fine_tune_type": "full", "num_layers": 1})");
  for (const char* name : {"lora-adam", "qlora-q4"}) {
    SCOPED_TRACE(name);
    ModelFiles files = ModelFiles::open(training(name) / "base");
    const int hidden = files.config.hidden_size;
    const nn::Parameters changed = {{"model.layers.2.self_attn.o_proj.weight",
                                     random::normal({hidden, hidden}, float32, random::key(1))},
                                    {"model.layers.2.input_layernorm.weight",
                                     random::normal({hidden}, float32, random::key(2))}};
    write_parameters(folder.path() / "adapters.safetensors", changed);
    ModelFiles expected = files;
    for (const auto& [key, value] : changed) expected.weights.insert_or_assign(key, value);
    expected.weights.erase("model.layers.2.self_attn.o_proj.scales");
    expected.weights.erase("model.layers.2.self_attn.o_proj.biases");
    const Adapter adapter = Adapter::load(folder.path(), files);
    adapter.replace_weights(files);
    EXPECT_EQ(logits_of(files), logits_of(expected));
    const ModelFolder written;
    adapter.save_mlx(written.path());
    EXPECT_EQ(read_parameters(written.path() / "adapters.safetensors").size(), 2u);
    expect_error([&] { adapter.save_peft(written.path(), files); }, {"full", "PEFT"});
  }
}

class AdapterErrors : public testing::Test {
 protected:
  void SetUp() override {
    QUERN_NEEDS_FIXTURES("training");
    files_ = ModelFiles::open(training("dora-adam") / "base");
    write_fixture_adapter(mlx_, "dora-adam");
    write_peft(peft_, "dora-adam", "", true, false);
  }

  void refuse(const ModelFolder& folder, std::initializer_list<const char*> parts) {
    expect_error([&] { Adapter::load(folder.path(), files_); }, parts);
  }
  /// With one more or changed tensor.
  void put(const ModelFolder& folder, const std::string& name, const array& value) {
    const char* file = &folder == &mlx_ ? "adapters.safetensors" : "adapter_model.safetensors";
    nn::Parameters tensors;
    for (const auto& [key, tensor] : read_parameters(folder.path() / file))
      tensors.emplace(key, copied(tensor));
    tensors.insert_or_assign(name, value);
    write_parameters(folder.path() / file, tensors);
  }
  void set(const ModelFolder& folder, const char* key, const Json& value) {
    folder.edit_json("adapter_config.json", [&](Json& json) { json[key] = value; });
  }

  /// In memory of its own, so that its file may be written again.
  static array copied(const array& value) {
    array out = add(value, array(0.0f));
    out.eval();
    return out;
  }

  ModelFiles files_;
  ModelFolder mlx_, peft_;
  const std::string q_ = "model.layers.2.self_attn.q_proj";
};

TEST_F(AdapterErrors, OfFiles) {
  expect_error([&] { Adapter::load(mlx_.path() / "nowhere", files_); },
               {"nowhere", "no such folder"});
  const ModelFolder empty;
  refuse(empty, {"adapter_config.json", "no such file"});
  mlx_.remove("adapters.safetensors");
  refuse(mlx_, {"adapters.safetensors", "no such file"});
  mlx_.write("adapters.safetensors", "short");
  refuse(mlx_, {"adapters.safetensors"});
  write_parameters(mlx_.path() / "adapters.safetensors", {});
  refuse(mlx_, {"holds no tensors"});
}

TEST_F(AdapterErrors, OfNamesAndShapes) {
  put(mlx_, "model.layers.2.self_attn.q_prj.lora_a", zeros({64, 8}));
  refuse(mlx_, {"q_prj.lora_b is missing"});
  put(mlx_, "model.layers.2.self_attn.q_prj.lora_b", zeros({8, 64}));
  put(mlx_, "model.layers.2.self_attn.q_prj.m", zeros({64}));
  refuse(mlx_, {"model.layers.2.self_attn.q_prj", "nearest are model.layers.2.self_attn.q_proj"});
}

TEST_F(AdapterErrors, OfShapes) {
  put(mlx_, q_ + ".lora_a", zeros({63, 8}));
  refuse(mlx_, {"the way down of", q_.c_str(), "(8,63)", "(8,64)"});
  put(mlx_, q_ + ".lora_a", zeros({64, 4}));
  refuse(mlx_, {q_.c_str(), "(64,4)", "rank 8"});
  put(mlx_, q_ + ".lora_a", zeros({64}));
  refuse(mlx_, {q_.c_str(), "(64)"});
}

TEST_F(AdapterErrors, OfMlxConfigs) {
  set(mlx_, "fine_tune_type", "ia3");
  refuse(mlx_, {"fine_tune_type", "ia3"});
  set(mlx_, "fine_tune_type", "lora");
  refuse(mlx_, {".m is there, but adapter_config.json says lora"});
  set(mlx_, "fine_tune_type", "full");
  refuse(mlx_, {"lora_a", "which the model does not have"});
  set(mlx_, "fine_tune_type", "dora");
  set(mlx_, "lora_parameters", nullptr);
  refuse(mlx_, {"lora_parameters", "missing"});
}

TEST_F(AdapterErrors, OfPeftConfigs) {
  const std::pair<const char*, Json> asked[] = {{"peft_type", "LOHA"},
                                                {"modules_to_save", {"lm_head"}},
                                                {"bias", "all"},
                                                {"init_lora_weights", "pissa"},
                                                {"trainable_token_indices", {1}},
                                                {"rank_pattern", {{"(", 2}}}};
  const std::string good = peft_.read("adapter_config.json");
  for (const auto& [key, value] : asked) {
    set(peft_, key, value);
    refuse(peft_, {key});
    peft_.write("adapter_config.json", good);
  }
  set(peft_, "r", 4);
  refuse(peft_, {"lora_A (8,64)", "rank 4"});
}

TEST_F(AdapterErrors, OfPeftTensors) {
  put(peft_, "base_model.model.lm_head.weight", zeros({256, 64}));
  refuse(peft_, {"base_model.model.lm_head.weight", "no matrix of low rank"});
  write_peft(peft_, "dora-adam", "", true, false);
  put(peft_, "base_model.model." + q_ + ".lora_A.other.weight", zeros({8, 64}));
  refuse(peft_, {"several adapters"});
  write_peft(peft_, "dora-adam", "", true, false);
  put(peft_, "base_model.model.lm_head.lora_A.weight", zeros({8, 64}));
  refuse(peft_, {"lora_B of lm_head is missing"});
}

}  // namespace
}  // namespace quern::tests
