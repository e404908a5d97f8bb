#include "app/markdown/reasoning.h"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

std::pair<QString, QString> split(const QString& text, qsizetype step) {
  ReasoningSplitter splitter;
  QString reasoning;
  QString answer;
  const auto add = [&](const ReasoningSplitter::Part& part) {
    reasoning += part.reasoning;
    answer += part.answer;
  };
  for (qsizetype at = 0; at < text.size(); at += step)
    add(splitter.append(QStringView(text).mid(at, step)));
  add(splitter.finish());
  return {reasoning, answer};
}

TEST(Reasoning, IsFoundHoweverTheTextIsCut) {
  const QString text =
      QStringLiteral("\n<think>\nIs 1 < 2? </thin yes\n</think>\n\nYes, <think> is a tag.");
  for (qsizetype step = 1; step < 40; ++step) {
    const auto [reasoning, answer] = split(text, step);
    EXPECT_EQ(reasoning, QStringLiteral("Is 1 < 2? </thin yes\n")) << step;
    EXPECT_EQ(answer, QStringLiteral("Yes, <think> is a tag.")) << step;
  }
}

TEST(Reasoning, TextWithoutItIsAllAnswer) {
  for (const char* text : {"Plain.", "<th", "  <b>", ""}) {
    EXPECT_EQ(split(QString::fromLatin1(text), 1).second, QString::fromLatin1(text));
  }
}

TEST(Reasoning, UnfinishedReasoningIsNoAnswer) {
  EXPECT_EQ(withoutReasoning(QStringLiteral("<think>\nHm")), QString());
  EXPECT_EQ(withoutReasoning(QStringLiteral("<think>a</think>b")), QStringLiteral("b"));
}

}  // namespace
}  // namespace quern::app
