#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "models/error.h"
#include "models/tokenizer/streaming_detokenizer.h"
#include "models/tokenizer/tokenizer.h"
#include "tests/fixtures.h"

namespace quern::models {
namespace {

using Ids = std::vector<int32_t>;
using nlohmann::json;

json read_json(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return json::parse(stream);
}

std::string stream_text(const Tokenizer& tokenizer, const Ids& ids) {
  StreamingDetokenizer detokenizer(tokenizer);
  std::string text;
  for (int32_t id : ids) text += detokenizer.add(id);
  return text + detokenizer.finish();
}

void check_case(const Tokenizer& tokenizer, const json& golden) {
  auto text = golden.at("text").get<std::string>();
  SCOPED_TRACE(testing::PrintToString(text.substr(0, 200)));
  auto ids_with_special = golden.at("ids_with_special").get<Ids>();
  EXPECT_EQ(tokenizer.encode(text, false), golden.at("ids").get<Ids>());
  EXPECT_EQ(tokenizer.encode(text, true), ids_with_special);
  std::string decoded = tokenizer.decode(ids_with_special);
  std::string expected = golden.at("decoded");
  if (decoded == golden.value("decoded_alt", expected)) expected = decoded;
  EXPECT_EQ(decoded, expected);
  EXPECT_EQ(stream_text(tokenizer, ids_with_special), decoded);
}

TEST(TokenizerFixtures, EveryGoldenCase) {
  QUERN_NEEDS_FIXTURES("tokenizers");
  for (const auto& folder :
       std::filesystem::directory_iterator(tests::fixtures_folder() / "tokenizers")) {
    if (!std::filesystem::exists(folder.path() / "golden.json")) continue;
    std::string name = folder.path().filename().string();
    SCOPED_TRACE(name);
    Tokenizer tokenizer = Tokenizer::load(folder.path());
    json golden = read_json(folder.path() / "golden.json");
    for (const json& one : golden) check_case(tokenizer, one);
    std::cout << name << ": " << golden.size() << " cases\n";
  }
}

}  // namespace
}  // namespace quern::models
