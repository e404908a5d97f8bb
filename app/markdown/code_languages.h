#pragma once

#include <QSet>
#include <QString>

namespace quern::app {

/// What the highlighter has to know of a programming language.
struct CodeLanguage {
  QSet<QString> keywords;
  QStringList line_comments;  ///< what begins a comment to the end of the line
  QString comment_begin;      ///< of a comment over lines; empty: there is none
  QString comment_end;
  QString quotes;              ///< characters that delimit strings
  bool triple_quotes = false;  ///< three quotes delimit a string over lines
  bool ignores_case = false;   ///< of keywords
};

/// The language that people write after a fence ("py", "C++", "bash"); a plain one for a name that
/// is not known.
const CodeLanguage& codeLanguage(const QString& name);

}  // namespace quern::app
