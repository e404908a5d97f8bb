#include "app/markdown/code_highlighter.h"

#include <gtest/gtest.h>
#include <QTextBlock>
#include <QTextDocument>
#include <QTextLayout>

namespace quern::app {
namespace {

/// The text under each colour, as "keyword:def string:'x' ...".
QString coloured(const QString& language, const QString& code) {
  QTextDocument document;
  CodeHighlighter highlighter;
  const std::pair<const char*, QColor> colours[] = {{"keyword", QColor(1, 0, 0)},
                                                    {"string", QColor(2, 0, 0)},
                                                    {"comment", QColor(3, 0, 0)},
                                                    {"number", QColor(4, 0, 0)},
                                                    {"function", QColor(5, 0, 0)}};
  for (const auto& [name, colour] : colours)
    highlighter.setProperty((QByteArray(name) + "Color").constData(), colour);
  highlighter.setLanguage(language);
  highlighter.setDocument(&document);
  document.setPlainText(code);
  highlighter.rehighlight();
  QStringList found;
  for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
    const auto formats = block.layout()->formats();
    for (const auto& range : formats) {
      for (const auto& [name, colour] : colours) {
        if (range.format.foreground().color() == colour) {
          found << QLatin1String(name) + u':' + block.text().mid(range.start, range.length);
        }
      }
    }
  }
  return found.join(u' ');
}

TEST(CodeHighlighter, Python) {
  EXPECT_EQ(coloured(QStringLiteral("py"), QStringLiteral("def f(x): return 'a' + 1  # why"))
                .toStdString(),
            "keyword:def function:f keyword:return string:'a' number:1 comment:# why");
}

TEST(CodeHighlighter, StringsAndCommentsGoOverLines) {
  EXPECT_EQ(coloured(QStringLiteral("python"), QStringLiteral("\"\"\"a\nb\"\"\" if")).toStdString(),
            "string:\"\"\"a string:b\"\"\" keyword:if");
  EXPECT_EQ(coloured(QStringLiteral("C++"), QStringLiteral("/* a\nb */ int")).toStdString(),
            "comment:/* a comment:b */ keyword:int");
}

TEST(CodeHighlighter, AnUnknownLanguageKeepsItsWords) {
  EXPECT_EQ(coloured(QStringLiteral("brainfog"), QStringLiteral("if \"x\" 2")).toStdString(),
            "string:\"x\" number:2");
}

TEST(CodeHighlighter, SqlIgnoresCase) {
  EXPECT_EQ(coloured(QStringLiteral("sql"), QStringLiteral("SELECT a From b")).toStdString(),
            "keyword:SELECT keyword:From");
}

}  // namespace
}  // namespace quern::app
