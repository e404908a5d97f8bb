#include "app/markdown/blocks.h"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using Kind = MarkdownBlock::Kind;

std::vector<MarkdownBlock> parse(const char* text) { return parseMarkdown(QByteArray(text)); }

TEST(MarkdownBlocks, SpansBecomeRichText) {
  const auto blocks = parse("A **b** *i* `c < d` ~~s~~ & <b>raw</b>");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].text.toStdString(),
            "A <b>b</b> <i>i</i> <code>c &lt; d</code> <s>s</s> &amp; &lt;b&gt;raw&lt;/b&gt;");
  EXPECT_EQ(blocks[0].plain.toStdString(), "A b i c < d s & <b>raw</b>");
}

TEST(MarkdownBlocks, OnlyHarmlessLinksStayLinks) {
  EXPECT_EQ(parse("[a](https://x.org/?p=1&q=\"2)")[0].text.toStdString(),
            "<a href=\"https://x.org/?p=1&amp;q=&quot;2\">a</a>");
  EXPECT_EQ(parse("[a](file:///etc/passwd)")[0].text.toStdString(), "a");
  EXPECT_EQ(parse("[a](javascript:alert(1))")[0].text.toStdString(), "a");
  EXPECT_EQ(parse("![mill](https://x.org/m.png)")[0].text.toStdString(),
            "<a href=\"https://x.org/m.png\">mill</a>");
}

TEST(MarkdownBlocks, ListItemsAreBlocksOfTheirOwn) {
  const auto blocks =
      parse("- one\n- two\n  1. deep\n  2. deeper\n- [x] done\n\n7. seven\n\n   more of seven\n");
  ASSERT_EQ(blocks.size(), 7u);
  const char* markers[] = {"•", "•", "1.", "2.", "☑", "7.", ""};
  const int depths[] = {1, 1, 2, 2, 1, 1, 1};
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks[i].marker.toStdString(), markers[i]) << i;
    EXPECT_EQ(blocks[i].list_depth, depths[i]) << i;
  }
  EXPECT_FALSE(blocks[0].tight);
  EXPECT_TRUE(blocks[1].tight);
  EXPECT_FALSE(blocks[5].tight);
}

TEST(MarkdownBlocks, QuotesAreWrittenOnTheirBlocks) {
  const auto blocks = parse("> one\n>\n> > two\n\nthree");
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].quote_depth, 1);
  EXPECT_EQ(blocks[1].quote_depth, 2);
  EXPECT_EQ(blocks[2].quote_depth, 0);
}

TEST(MarkdownBlocks, CodeKeepsItsTextAndLanguage) {
  const auto blocks = parse("```c++\nint a<b>;\n\n  x\n```\n# H\n---\n");
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].kind, Kind::code);
  EXPECT_EQ(blocks[0].language.toStdString(), "c++");
  EXPECT_EQ(blocks[0].text.toStdString(), "int a<b>;\n\n  x");
  EXPECT_EQ(blocks[1].kind, Kind::heading);
  EXPECT_EQ(blocks[1].heading_level, 1);
  EXPECT_EQ(blocks[2].kind, Kind::rule);
}

TEST(MarkdownBlocks, TablesAlignTheirCells) {
  const auto blocks = parse("| a | b |\n|---|--:|\n| 1 | `x` |\n");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].kind, Kind::table);
  EXPECT_TRUE(blocks[0].text.contains(QLatin1String("<td align=\"right\"><code>x</code></td>")));
}

}  // namespace
}  // namespace quern::app
