// Tiny models of every family against what an independent implementation computed with them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/io/safetensors.h"
#include "engine/ops/shape.h"
#include "models/decoder/load_decoder.h"
#include "models/model_files.h"
#include "tests/fixtures.h"

namespace quern::models {
namespace {

namespace fs = std::filesystem;

struct Golden {
  explicit Golden(const fs::path& folder)
      : file(folder / "golden.safetensors"),
        tokens(integers("tokens")),
        greedy(integers("greedy")),
        logits(file.load("logits")) {
    logits.eval();
  }

  std::vector<int32_t> integers(const std::string& name) const {
    array a = file.load(name);
    a.eval();
    return {a.data<int32_t>(), a.data<int32_t>() + a.size()};
  }
  const float* row(size_t position) const {
    return logits.data<float>() + position * size_t(logits.shape(1));
  }

  SafetensorsFile file;
  std::vector<int32_t> tokens;
  std::vector<int32_t> greedy;
  array logits;  ///< [T, V]
};

class Model {
 public:
  explicit Model(const fs::path& folder) {
    const ModelFiles files = ModelFiles::open(folder);
    config = files.config;
    decoder = load_decoder(files.weights, files.spec, config.quantization, true, folder.string());
  }

  /// [T][V]
  std::vector<std::vector<float>> logits(const std::vector<int32_t>& tokens, Cache& cache) const {
    const array input(tokens.begin(), {1, int(tokens.size())}, int32);
    array out = contiguous(decoder->logits(input, cache));
    out.eval();
    EXPECT_EQ(out.shape(), (Shape{1, int(tokens.size()), config.vocab_size}));
    EXPECT_EQ(out.dtype(), float32);
    std::vector<std::vector<float>> rows;
    const auto width = size_t(config.vocab_size);
    for (size_t t = 0; t < tokens.size(); ++t) {
      rows.emplace_back(out.data<float>() + t * width, out.data<float>() + (t + 1) * width);
    }
    return rows;
  }

  ModelConfig config;
  std::shared_ptr<const Decoder> decoder;
};

/// The largest |difference| / (1 + |logit|).
float worst(const std::vector<float>& found, const float* expected) {
  float out = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const float error = std::abs(found[i] - expected[i]) / (1 + std::abs(expected[i]));
    out = std::isfinite(found[i]) ? std::max(out, error) : INFINITY;
  }
  return out;
}

int32_t best(const std::vector<float>& logits) {
  return int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// Whether the two best logits lie too close together to tell them apart.
bool undecided(std::vector<float> logits, float tolerance) {
  std::partial_sort(logits.begin(), logits.begin() + 2, logits.end(), std::greater<>());
  return logits[0] - logits[1] <= tolerance * (1 + std::abs(logits[0]));
}

void expect_golden(const fs::path& folder) {
  const Golden golden(folder);
  const Model model(folder);
  const float tolerance = model.config.quantization.global ? 5e-3f : 2e-3f;

  Cache at_once = model.decoder->make_cache();
  const auto prefill = model.logits(golden.tokens, at_once);
  float error = 0;
  for (size_t t = 0; t < prefill.size(); ++t)
    error = std::max(error, worst(prefill[t], golden.row(t)));
  EXPECT_LE(error, tolerance);
  testing::Test::RecordProperty("prefill_error", std::to_string(error));

  Cache one_by_one = model.decoder->make_cache();
  error = 0;
  for (size_t t = 0; t < golden.tokens.size(); ++t) {
    const auto step = model.logits({golden.tokens[t]}, one_by_one);
    error = std::max(error, worst(step[0], golden.row(t)));
  }
  EXPECT_LE(error, tolerance);
  testing::Test::RecordProperty("decode_error", std::to_string(error));

  std::vector<float> logits = prefill.back();
  for (const int32_t expected : golden.greedy) {
    if (undecided(logits, tolerance)) break;
    ASSERT_EQ(best(logits), expected);
    logits = model.logits({expected}, at_once)[0];
  }
}

class FamilyGolden : public testing::TestWithParam<const char*> {};

TEST_P(FamilyGolden, LogitsAndGreedyContinuation) {
  const fs::path folder = fs::path("models") / GetParam();
  QUERN_NEEDS_FIXTURES(folder);
  expect_golden(tests::fixtures_folder() / folder);
}

// One row for each model that the families can run.
INSTANTIATE_TEST_SUITE_P(Fixtures, FamilyGolden,
                         testing::Values("cohere2", "deepseek_v3", "exaone4", "gemma", "gemma2",
                                         "gemma3", "gemma4_text", "glm4", "gpt2", "gpt_neox",
                                         "gpt_oss", "granite", "llama", "llama-linear-rope",
                                         "llama-q3", "llama-q4", "llama-q8", "llama-tied",
                                         "ministral3", "mistral", "mixtral", "mixtral-q4",
                                         "mixtral-raw", "olmo2", "phi3", "phi3-longrope", "qwen2",
                                         "qwen3", "qwen3_moe", "smollm3", "starcoder2"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Golden, TheModelInThisRepository) {
  expect_golden(tests::data_folder() / "models" / "tiny-chat");
}

}  // namespace
}  // namespace quern::models
