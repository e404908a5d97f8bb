#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/app/cli/process.h"
#include "tests/fixtures.h"

namespace quern::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string tiny_chat = (data_folder() / "models" / "tiny-chat").string();

TEST(CliBench, TellsEachRepetitionAndTheMedians) {
  const auto result = run_cli({"bench", tiny_chat, "-p", "20", "-n", "5", "-r", "3", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto lines = result.objects();
  ASSERT_EQ(lines.size(), 4u);
  for (const char* figure : {"prefill_tps", "decode_tps", "peak_memory"}) {
    std::array<double, 3> values;
    for (size_t i = 0; i < values.size(); ++i) values[i] = lines[i].at(figure).get<double>();
    std::sort(values.begin(), values.end());
    EXPECT_GT(values[0], 0) << figure;
    EXPECT_EQ(lines[3].at("summary").at(figure).get<double>(), values[1]) << figure;
  }
}

TEST(CliBench, TheMedianOfTwoIsBetweenThem) {
  const auto result = run_cli({"bench", tiny_chat, "-p", "8", "-n", "2", "-r", "2", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto lines = result.objects();
  ASSERT_EQ(lines.size(), 3u);
  const auto speed = [](const auto& figures) {
    return figures.at("decode_tps").template get<double>();
  };
  EXPECT_DOUBLE_EQ(speed(lines[2].at("summary")), (speed(lines[0]) + speed(lines[1])) / 2);
}

TEST(CliBench, IsReadableForPeople) {
  const auto result =
      run_cli({"bench", tiny_chat, "-p", "8", "-n", "2", "-r", "1", "--threads", "1"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("median"));
  EXPECT_THAT(result.out, Not(HasSubstr("{")));
  EXPECT_THAT(result.out, HasSubstr("tokens/s"));
}

TEST(CliBench, RefusesWhatCannotBeMeasured) {
  const auto too_long = run_cli({"bench", tiny_chat, "-p", "999999"});
  EXPECT_EQ(too_long.exit_code, 1);
  EXPECT_THAT(too_long.error, HasSubstr("[bench] 999999 and 128 tokens"));
  EXPECT_EQ(run_cli({"bench", tiny_chat, "-r", "0"}).exit_code, 2);
  EXPECT_EQ(run_cli({"bench", tiny_chat, "--device", "gpu"}).exit_code, 1);
}

}  // namespace
}  // namespace quern::tests
