#include "app/chat/chat_settings.h"

#include <gtest/gtest.h>
#include <QAbstractItemModelTester>
#include <QJsonObject>

namespace quern::app {
namespace {

constexpr int temperature = static_cast<int>(Sampling::temperature);
constexpr int top_k = static_cast<int>(Sampling::top_k);
constexpr int seed = static_cast<int>(Sampling::seed);

TEST(ChatSettings, EveryRowIsSound) {
  for (const SamplingSetting& row : samplingSettings()) {
    EXPECT_LT(row.minimum, row.maximum) << row.key;
    EXPECT_LE(row.minimum, row.initial) << row.key;
    EXPECT_GE(row.maximum, row.initial) << row.key;
    EXPECT_GT(row.step, 0) << row.key;
    EXPECT_STRNE(row.help, "") << row.key;
  }
  EXPECT_STREQ(samplingSettings()[top_k].key, "top_k");
  EXPECT_STREQ(samplingSettings()[seed].key, "seed");
}

TEST(ChatSettings, WhatIsTypedIsCheckedAgainstTheRange) {
  ChatSettings settings;
  QAbstractItemModelTester tester(&settings, QAbstractItemModelTester::FailureReportingMode::Fatal);
  EXPECT_EQ(settings.enter(temperature, QStringLiteral("1.5")), QString());
  EXPECT_EQ(settings.enter(temperature, QStringLiteral("0,8")), QString());
  EXPECT_DOUBLE_EQ(settings.value()[Sampling::temperature], 0.8);
  EXPECT_EQ(settings.enter(temperature, QStringLiteral("9")).toStdString(),
            "9 is outside 0 to 2.0.");
  EXPECT_EQ(settings.enter(temperature, QStringLiteral("hot")).toStdString(),
            "“hot” is not a number.");
  EXPECT_NE(settings.enter(temperature, QStringLiteral("nan")), QString());
  EXPECT_DOUBLE_EQ(settings.value()[Sampling::temperature], 0.8);
  EXPECT_EQ(settings.enter(top_k, QStringLiteral("40.4")), QString());
  EXPECT_DOUBLE_EQ(settings.value()[Sampling::top_k], 40);
}

TEST(ChatSettings, AnEmptyFieldMeansTheInitialValue) {
  ChatSettings settings;
  settings.set(seed, 5);
  EXPECT_FALSE(settings.isInitial());
  EXPECT_EQ(settings.enter(seed, QStringLiteral(" ")), QString());
  EXPECT_TRUE(settings.isInitial());
}

TEST(ChatSettings, ResettingTheNumbersKeepsTheSystemPrompt) {
  ChatSettings settings;
  settings.setSystemPrompt(QStringLiteral("Be kind."));
  settings.set(temperature, 0);
  settings.resetAll();
  EXPECT_EQ(settings.systemPrompt(), QStringLiteral("Be kind."));
  EXPECT_DOUBLE_EQ(settings.value()[Sampling::temperature], samplingSettings()[0].initial);
}

TEST(ChatSettings, JsonKeepsWhatDiffersAndDistrustsTheRest) {
  ChatSettingsValue value;
  EXPECT_TRUE(value.toJson().isEmpty());
  value.numbers[top_k] = 20;
  value.stop = QStringList{QStringLiteral("END")};
  EXPECT_EQ(ChatSettingsValue::fromJson(value.toJson()), value);
  const auto wild = ChatSettingsValue::fromJson({{QStringLiteral("temperature"), 1e9},
                                                 {QStringLiteral("top_p"), QStringLiteral("x")},
                                                 {QStringLiteral("zz"), 1}});
  EXPECT_DOUBLE_EQ(wild[Sampling::temperature], 2);
  EXPECT_DOUBLE_EQ(wild[Sampling::top_p], 0.95);
}

}  // namespace
}  // namespace quern::app
