#include "app/markdown/stream.h"

#include <random>

#include <gtest/gtest.h>
#include <QFile>

namespace quern::app {

void PrintTo(const MarkdownBlock& block, std::ostream* out) {
  *out << static_cast<int>(block.kind) << " list " << block.list_depth << " quote "
       << block.quote_depth << " marker '" << block.marker.toStdString()
       << "': " << block.text.toStdString();
}

namespace {

QString readText(const char* name) {
  QFile file(QStringLiteral(QUERN_TEST_DATA "/markdown/") + QLatin1String(name));
  EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << name;
  return QString::fromUtf8(file.readAll());
}

void expectSame(const QString& text, const std::vector<qsizetype>& cuts) {
  MarkdownStream stream;
  std::vector<MarkdownBlock> shown;
  qsizetype from = 0;
  const auto follow = [&](size_t changed) {
    // What is reported as unchanged is unchanged.
    ASSERT_LE(changed, stream.blocks().size());
    ASSERT_LE(changed, shown.size() + 1);
    for (size_t i = 0; i < changed && i < shown.size(); ++i)
      ASSERT_EQ(shown[i], stream.blocks()[i]);
    shown = stream.blocks();
  };
  for (const qsizetype cut : cuts) {
    follow(stream.append(QStringView(text).sliced(from, cut - from)));
    from = cut;
  }
  follow(stream.append(QStringView(text).sliced(from)));
  follow(stream.finish());
  ASSERT_EQ(stream.blocks(), parseMarkdown(text.toUtf8()));
}

class StreamOf : public testing::TestWithParam<const char*> {};

TEST_P(StreamOf, EveryCutGivesWhatTheWholeGives) {
  const QString text = readText(GetParam());
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<qsizetype> cuts;
    const int longest = 1 + static_cast<int>(random() % 120);
    for (qsizetype at = 0; at < text.size();) {
      cuts.push_back(at);
      at += 1 + static_cast<qsizetype>(random() % static_cast<unsigned>(longest));
    }
    expectSame(text, cuts);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_P(StreamOf, CharacterByCharacter) {
  const QString text = readText(GetParam());
  std::vector<qsizetype> cuts;
  for (qsizetype at = 0; at < text.size(); ++at) cuts.push_back(at);
  expectSame(text, cuts);
}

INSTANTIATE_TEST_SUITE_P(Texts, StreamOf, testing::Values("answer.md", "everything.md"));

TEST(MarkdownStream, RandomDocumentsAtRandomCuts) {
  const char* pieces[] = {
      "word ",       "\n",         "\n\n",  "- item\n",  "1. one\n", "   ",
      "```\n",       "```py\n",    "~~~\n", "> quote\n", "# head\n", "| a | b |\n|---|---|\n",
      "| 1 | 2 |\n", "**bold",     "** ",   "`code` ",   "---\n",    "===\n",
      "  ```\n",     "    deep\n", "\t",    "é🌾",        "text\n",   "\n\nNext\n",
      "* star\n",    "<b>"};
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    QString text;
    for (int i = 0; i < 30; ++i) text += QString::fromUtf8(pieces[random() % std::size(pieces)]);
    std::vector<qsizetype> cuts;
    for (qsizetype at = 0; at < text.size(); at += 1 + static_cast<qsizetype>(random() % 9))
      cuts.push_back(at);
    expectSame(text, cuts);
    if (testing::Test::HasFatalFailure())
      FAIL() << "round " << round << ":\n" << text.toStdString();
  }
}

TEST(MarkdownStream, AStartThatIsUndecidedDoesNotFlicker) {
  MarkdownStream stream;
  stream.append(u"Steps:\n");
  stream.append(u"-");  // alone it would make a heading of the line above
  ASSERT_EQ(stream.blocks().size(), 1u);
  EXPECT_EQ(stream.blocks()[0].kind, MarkdownBlock::Kind::paragraph);
  stream.append(u" one");
  ASSERT_EQ(stream.blocks().size(), 2u);
  EXPECT_EQ(stream.blocks()[1].marker, QStringLiteral("•"));
}

TEST(MarkdownStream, FinishedBlocksAreNotTouchedAgain) {
  MarkdownStream stream;
  stream.append(u"One.\n\nTwo.\n\nThree");
  EXPECT_EQ(stream.append(u" and more"), 2u);
}

}  // namespace
}  // namespace quern::app
