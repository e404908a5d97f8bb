#include "models/supported_models.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fixtures.h"

namespace quern::models {
namespace {

TEST(SupportedModels, TheTableInTheDocumentationIsThis) {
  const auto file = tests::data_folder() / ".." / ".." / "models" / "SUPPORTED.md";
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_NE(text.find(supported_models_markdown()), std::string::npos)
      << file << " is out of date: put in what `quern-cli formats` prints.";
}

TEST(SupportedModels, AFamilyIsListedOnceWithAllItsNames) {
  for (const SupportedFamily& family : supported_families()) {
    if (family.name != "Gemma 3") continue;
    EXPECT_EQ(family.model_types, (std::vector<std::string_view>{"gemma3", "gemma3_text"}));
    EXPECT_EQ(family.gguf, (std::vector<std::string_view>{"gemma3"}));
    return;
  }
  FAIL() << "no Gemma 3";
}

}  // namespace
}  // namespace quern::models
