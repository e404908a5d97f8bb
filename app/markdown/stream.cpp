#include "app/markdown/stream.h"

#include <algorithm>

namespace quern::app {
namespace {

/// How much of the text has a settled look: all but a last line made only of characters that begin
/// constructs.
qsizetype settledSize(const QByteArray& text) {
  static constexpr QByteArrayView undecided("-=*+#>`~|_:0123456789.) \t[]");
  const qsizetype line = text.lastIndexOf('\n') + 1;
  const auto decided =
      std::any_of(text.begin() + line, text.end(), [](char c) { return !undecided.contains(c); });
  return decided ? text.size() : line;
}

/// The start of the last line before `end` that opens a new top-level block if no fence is open: it
/// follows a blank line, is not indented and does not continue a list. -1 when there is none after
/// `begin`.
qsizetype lastOpening(const QByteArray& text, qsizetype begin) {
  static constexpr QByteArrayView continuing(" \t\n\r-+*0123456789");
  for (qsizetype feed = text.lastIndexOf('\n'); feed > begin;
       feed = text.lastIndexOf('\n', feed - 1)) {
    const bool after_blank = text.at(feed - 1) == '\n';
    if (after_blank && feed + 1 < text.size() && !continuing.contains(text.at(feed + 1)))
      return feed + 1;
  }
  return -1;
}

}  // namespace

size_t MarkdownStream::append(QStringView text) {
  QString whole = std::exchange(half_, {});
  whole += text;
  if (!whole.isEmpty() && whole.back().isHighSurrogate()) {
    half_ = whole.back();
    whole.chop(1);
  }
  tail_ += whole.toUtf8();
  return update(settledSize(tail_));
}

size_t MarkdownStream::finish() {
  if (!half_.isEmpty()) tail_ += std::exchange(half_, {}).toUtf8();
  return update(tail_.size());
}

size_t MarkdownStream::update(qsizetype shown) {
  const auto now = parseMarkdown(tail_.first(shown));
  size_t same = 0;
  const size_t before = blocks_.size() - finished_;
  while (same < before && same < now.size() && blocks_[finished_ + same] == now[same]) ++same;
  const size_t changed = finished_ + same;
  blocks_.resize(changed);
  blocks_.insert(blocks_.end(), now.begin() + static_cast<std::ptrdiff_t>(same), now.end());
  if (shown == tail_.size()) settle();
  return changed;
}

// Whether a place is inside a fence, a list or a quote is md4c's to say: it is between top-level
// blocks when a word that follows becomes a paragraph of its own and changes nothing before it.
void MarkdownStream::settle() {
  const qsizetype cut = lastOpening(tail_, searched_);
  if (cut < 0) return;
  searched_ = cut;
  const auto probed = parseMarkdown(tail_.first(cut) + "x");
  MarkdownBlock word;
  word.text = word.plain = QStringLiteral("x");
  const auto shown = blocks_.begin() + static_cast<std::ptrdiff_t>(finished_);
  const auto finished = static_cast<std::ptrdiff_t>(probed.size()) - 1;
  if (probed.empty() || probed.back() != word || blocks_.end() - shown < finished ||
      !std::equal(probed.begin(), probed.begin() + finished, shown)) {
    return;
  }
  finished_ += static_cast<size_t>(finished);
  tail_ = tail_.sliced(cut);
  searched_ = 0;
}

}  // namespace quern::app
