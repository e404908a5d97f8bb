#include "app/markdown/reasoning.h"

namespace quern::app {
namespace {

const QLatin1String opening("<think>");
const QLatin1String closing("</think>");

/// How long an end of `text` may still grow into `tag`.
qsizetype partialTag(const QString& text, QLatin1String tag) {
  for (qsizetype size = qMin(text.size(), tag.size() - 1); size > 0; --size) {
    if (tag.left(size) == QStringView(text).right(size)) return size;
  }
  return 0;
}

qsizetype leadingSpace(const QString& text) {
  qsizetype count = 0;
  while (count < text.size() && text.at(count).isSpace()) ++count;
  return count;
}

}  // namespace

ReasoningSplitter::Part ReasoningSplitter::append(QStringView text) {
  Part part;
  held_ += text;
  if (state_ == State::start) {
    const QStringView begun = QStringView(held_).mid(leadingSpace(held_));
    if (begun.size() < opening.size() && opening.left(begun.size()) == begun) return part;
    if (begun.startsWith(opening)) {
      held_ = begun.mid(opening.size()).toString();
      state_ = State::opened;
    } else {
      state_ = State::answer;
    }
  }
  if (state_ == State::opened) {
    held_.remove(0, leadingSpace(held_));
    if (held_.isEmpty()) return part;
    state_ = State::reasoning;
  }
  if (state_ == State::reasoning) {
    const qsizetype end = held_.indexOf(closing);
    if (end < 0) {
      const qsizetype shown = held_.size() - partialTag(held_, closing);
      part.reasoning = held_.left(shown);
      held_.remove(0, shown);
      return part;
    }
    part.reasoning = held_.left(end);
    held_.remove(0, end + closing.size());
    state_ = State::gap;
  }
  if (state_ == State::gap) {
    held_.remove(0, leadingSpace(held_));
    if (held_.isEmpty()) return part;
    state_ = State::answer;
  }
  part.answer = std::exchange(held_, {});
  return part;
}

ReasoningSplitter::Part ReasoningSplitter::finish() {
  Part part;
  (isReasoning() ? part.reasoning : part.answer) = std::exchange(held_, {});
  if (state_ == State::start && !part.answer.isEmpty()) state_ = State::answer;
  return part;
}

QString withoutReasoning(const QString& text) {
  ReasoningSplitter splitter;
  QString answer = splitter.append(text).answer;
  return answer + splitter.finish().answer;
}

}  // namespace quern::app
