#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

using testing::HasSubstr;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

struct CliEval : testing::Test {
  CliEval() {
    std::ofstream out(text_file);
    for (int i = 0; i < 40; ++i) out << "A mill grinds line " << i << " of the corn.\n";
  }

  TemporaryFolder folder;
  std::string text_file = (folder.path() / "text.txt").string();
};

TEST_F(CliEval, MeasuresPerplexityAndDivergence) {
  const auto alone = run_cli({"eval", tiny_chat, "--data", text_file, "--json"});
  ASSERT_EQ(alone.exit_code, 0) << alone.error;
  const auto figures = alone.objects().at(0);
  EXPECT_GT(figures["perplexity"].get<double>(), 1);
  EXPECT_GT(figures["stderr"].get<double>(), 0);
  EXPECT_FALSE(figures.contains("kl"));

  const auto both =
      run_cli({"eval", tiny_chat, "--data", text_file, "--against", tiny_chat, "--json"});
  ASSERT_EQ(both.exit_code, 0) << both.error;
  EXPECT_LT(both.objects().at(0)["kl"].get<double>(), 1e-6);
  EXPECT_EQ(both.objects().at(0)["top1"].get<double>(), 1);
  EXPECT_EQ(both.objects().at(0)["perplexity"], figures["perplexity"]);

  const auto text = run_cli({"eval", tiny_chat, "--data", text_file, "--against", tiny_chat});
  EXPECT_THAT(text.out, HasSubstr("perplexity"));
  EXPECT_THAT(text.out, HasSubstr("100.00 % the same"));
}

TEST_F(CliEval, ATextThatIsTooShortIsAnError) {
  std::ofstream(text_file) << "";
  const auto result = run_cli({"eval", tiny_chat, "--data", text_file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("[evaluate] the text has"));
}

}  // namespace
}  // namespace quern::tests
