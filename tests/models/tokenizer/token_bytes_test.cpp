#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "models/tokenizer/utf8.h"
#include "tests/fixtures.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

std::string joined(const Tokenizer& tokenizer, const tests::Ids& ids) {
  const auto at_start = tokenizer.token_bytes(true), behind = tokenizer.token_bytes(false);
  std::string text;
  for (size_t i = 0; i < ids.size(); ++i) text += (i ? behind : at_start)[size_t(ids[i])];
  return text;
}

TEST(TokenBytes, AreTheBytesOfTheAlphabet) {
  auto file = tests::bpe_file({"a", "\u0120b", "\u00E6", "\u0139"});
  file["decoder"] = {{"type", "ByteLevel"}};
  EXPECT_EQ(joined(tests::make(file), {1, 0, 2, 3}), " ba\xE6\x97");
}

TEST(TokenBytes, AreSpacesAndFallbackBytes) {
  auto file = tests::bpe_file({"\u2581a", "<0xE6>", "\u2581\u2581", "b"});
  file["decoder"] = nlohmann::json::parse(
      R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
          {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})");
  EXPECT_EQ(joined(tests::make(file), {0, 0, 1, 2, 3}), "a a\xE6  b");
}

TEST(TokenBytes, JoinToWhatTheTokenizerDecodes) {
  QUERN_NEEDS_FIXTURES("tokenizers");
  size_t cases = 0;
  for (const char* name : {"llama3", "llama2", "gemma", "bert"}) {
    const auto folder = quern::tests::fixtures_folder() / "tokenizers" / name;
    std::ifstream file(folder / "golden.json");
    if (!file) continue;
    const auto golden = nlohmann::json::parse(file);
    const Tokenizer tokenizer = Tokenizer::load(folder);
    const auto at_start = tokenizer.token_bytes(true), behind = tokenizer.token_bytes(false);
    for (const auto& line : golden) {
      const auto ids = line.at("ids").get<tests::Ids>();
      std::string text;
      for (size_t i = 0; i < ids.size(); ++i) text += (i ? behind : at_start)[size_t(ids[i])];
      EXPECT_EQ(replace_invalid_utf8(text), tokenizer.decode(ids, false)) << name;
      ++cases;
    }
  }
  EXPECT_GT(cases, 0u);
}

}  // namespace
}  // namespace quern::models
