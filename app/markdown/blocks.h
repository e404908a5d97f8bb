#pragma once

#include <vector>

#include <QByteArray>
#include <QString>

namespace quern::app {

/// One leaf of a Markdown document, as it is laid out: everything that contains others (lists,
/// quotes) is written on its leaves, so that a long list is many small blocks and a new word lays
/// out only the last of them.
struct MarkdownBlock {
  enum class Kind { paragraph, heading, code, table, rule };

  Kind kind = Kind::paragraph;
  int heading_level = 0;  ///< 1 to 6 for a heading
  int list_depth = 0;     ///< how many lists are around it
  int quote_depth = 0;    ///< how many quotes are around it
  bool tight = false;     ///< stands close to the item before it
  QString marker;    ///< "•", "3.", "☐", "☑" on the first leaf of a list item, else empty
  QString language;  ///< of a code block, as written after the fence
  QString text;   ///< code: the plain text without the last line feed; else HTML as Qt's rich text
                  ///< knows it
  QString plain;  ///< the text without any markup, for the screen reader; empty for code

  bool operator==(const MarkdownBlock&) const = default;
};

/// The blocks of a whole Markdown document (CommonMark with GitHub's tables, strikethrough, task
/// lists and bare links). Raw HTML is shown as text, images as links, and only http, https and
/// mailto links stay links. Never fails.
std::vector<MarkdownBlock> parseMarkdown(const QByteArray& utf8);

}  // namespace quern::app
