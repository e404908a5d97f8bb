// What it costs to round activations where quantized weights allow it: the divergence of a model as
// it runs from the same model computed in float32.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "models/evaluate/evaluate.h"
#include "models/model_files.h"
#include "models/tokenizer/tokenizer.h"
#include "tests/fixtures.h"

namespace quern::models {
namespace {

constexpr double most_divergence = 0.002;  // nats per token

Divergence divergence_from_exact(const std::filesystem::path& folder,
                                 std::span<const int32_t> tokens) {
  const auto model = LanguageModel::load(folder),
             exact = LanguageModel::load(folder, {.exact = true});
  return *evaluate(*model, exact.get(), tokens, {.context_length = 256}).divergence;
}

TEST(ActivationRounding, KeepsTheStarterModelsPredictions) {
  const std::filesystem::path starter = tests::data_folder() / "../../resources/starter";
  std::ifstream file(starter / "README.md");
  std::stringstream text;
  text << file.rdbuf();
  std::vector<int32_t> tokens = Tokenizer::load(starter).encode(text.str());
  ASSERT_GT(tokens.size(), 500u);
  tokens.resize(std::min<size_t>(tokens.size(), 1024));
  const Divergence divergence = divergence_from_exact(starter, tokens);
  EXPECT_LT(divergence.mean_kl, most_divergence);
  EXPECT_GT(divergence.top1_agreement, 0.95);
}

TEST(ActivationRounding, KeepsThePredictionsOfQuantizedFixtures) {
  QUERN_NEEDS_FIXTURES("models");
  int models = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests::fixtures_folder() / "models")) {
    const ModelFiles files = ModelFiles::open(entry.path());
    const QuantizationConfig& quantization = files.config.quantization;
    if (!quantization.global && quantization.overrides.empty()) continue;
    SCOPED_TRACE(entry.path().filename());
    std::vector<int32_t> tokens(200);
    for (size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = int32_t(i * i * 7 + 3 * i) % int32_t(files.config.vocab_size);
    EXPECT_LT(divergence_from_exact(entry.path(), tokens).mean_kl, most_divergence);
    ++models;
  }
  EXPECT_GT(models, 0);
}

}  // namespace
}  // namespace quern::models
