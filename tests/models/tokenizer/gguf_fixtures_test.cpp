#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "models/tokenizer/gguf_vocabulary.h"
#include "tests/fixtures.h"
#include "tests/models/tokenizer/gguf_metadata.h"

namespace quern::models {
namespace {

using Ids = std::vector<int32_t>;
using nlohmann::json;

TEST(GgufVocabularyFixtures, EveryGoldenCase) {
  QUERN_NEEDS_FIXTURES("gguf");
  std::filesystem::path folder = quern::tests::fixtures_folder() / "gguf";
  std::ifstream stream(folder / "golden.json");
  std::map<std::string, std::vector<json>> cases;
  for (const json& one : json::parse(stream)) cases[one.at("vocab")].push_back(one);
  for (const auto& [name, golden] : cases) {
    SCOPED_TRACE(name);
    std::string file = folder / ("ggml-vocab-" + name + ".gguf");
    Tokenizer tokenizer = tokenizer_of_gguf(tests::vocabulary_in(file), file);
    for (const json& one : golden) {
      auto text = one.at("text").get<std::string>();
      auto ids = one.at("ids").get<Ids>();
      EXPECT_EQ(tokenizer.encode(text, false), ids) << testing::PrintToString(text);
    }
    std::cout << name << ": " << golden.size() << " cases\n";
  }
}

}  // namespace
}  // namespace quern::models
