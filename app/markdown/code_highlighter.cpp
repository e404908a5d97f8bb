#include "app/markdown/code_highlighter.h"

#include "app/markdown/code_languages.h"

namespace quern::app {

CodeHighlighter::CodeHighlighter(QObject* parent)
    : QSyntaxHighlighter(parent), language_(&codeLanguage(QString())) {
  connect(this, &CodeHighlighter::styleChanged, this, &QSyntaxHighlighter::rehighlight);
}

void CodeHighlighter::setTarget(QQuickTextDocument* target) {
  if (target_ == target) return;
  target_ = target;
  setDocument(target == nullptr ? nullptr : target->textDocument());
  Q_EMIT targetChanged();
}

void CodeHighlighter::setLanguage(const QString& name) {
  if (name_ == name) return;
  name_ = name;
  language_ = &codeLanguage(name);
  Q_EMIT styleChanged();
}

void CodeHighlighter::colour(qsizetype start, qsizetype end, const QColor& color) {
  setFormat(static_cast<int>(start), static_cast<int>(end - start), color);
}

void CodeHighlighter::highlightBlock(const QString& line) {
  setCurrentBlockState(nothing);
  qsizetype at = leaveOpened(line);
  while (at < line.size()) {
    const QChar c = line.at(at);
    const QStringView rest = QStringView(line).mid(at);
    bool is_comment = false;
    for (const QString& mark : language_->line_comments)
      is_comment = is_comment || rest.startsWith(mark);
    if (is_comment) {
      colour(at, line.size(), comment_);
      return;
    }
    if (!language_->comment_begin.isEmpty() && rest.startsWith(language_->comment_begin)) {
      const qsizetype end =
          line.indexOf(language_->comment_end, at + language_->comment_begin.size());
      if (end < 0) setCurrentBlockState(comment);
      const qsizetype after = end < 0 ? line.size() : end + language_->comment_end.size();
      colour(at, after, comment_);
      at = after;
    } else if (language_->quotes.contains(c)) {
      at = string(line, at);
    } else if (c.isLetterOrNumber() || c == u'_') {
      at = word(line, at);
    } else {
      ++at;
    }
  }
}

// The end of what the line before left open; 0 when it left nothing.
qsizetype CodeHighlighter::leaveOpened(const QString& line) {
  const int inside = previousBlockState();
  if (inside == nothing) return 0;
  const QString closing = inside == comment         ? language_->comment_end
                          : inside == triple_double ? QStringLiteral("\"\"\"")
                                                    : QStringLiteral("'''");
  const qsizetype end = closing.isEmpty() ? -1 : line.indexOf(closing);
  if (end < 0) setCurrentBlockState(inside);
  const qsizetype after = end < 0 ? line.size() : end + closing.size();
  colour(0, after, inside == comment ? comment_ : string_);
  return after;
}

qsizetype CodeHighlighter::string(const QString& line, qsizetype start) {
  const QChar quote = line.at(start);
  const QString triple(3, quote);
  if (language_->triple_quotes && QStringView(line).mid(start).startsWith(triple)) {
    const qsizetype end = line.indexOf(triple, start + 3);
    if (end < 0) setCurrentBlockState(quote == u'"' ? triple_double : triple_single);
    const qsizetype after = end < 0 ? line.size() : end + 3;
    colour(start, after, string_);
    return after;
  }
  qsizetype at = start + 1;
  while (at < line.size() && line.at(at) != quote) at += line.at(at) == u'\\' ? 2 : 1;
  const qsizetype after = qMin(at + 1, line.size());
  colour(start, after, string_);
  return after;
}

qsizetype CodeHighlighter::word(const QString& line, qsizetype start) {
  qsizetype end = start;
  while (end < line.size() && (line.at(end).isLetterOrNumber() || line.at(end) == u'_')) ++end;
  const QString name = line.sliced(start, end - start);
  if (name.at(0).isDigit()) {
    colour(start, end, number_);
  } else if (language_->keywords.contains(language_->ignores_case ? name.toLower() : name)) {
    colour(start, end, keyword_);
  } else if (end < line.size() && line.at(end) == u'(') {
    colour(start, end, function_);
  }
  return end;
}

}  // namespace quern::app
