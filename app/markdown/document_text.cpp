#include "app/markdown/document_text.h"

#include <QTextCursor>
#include <QTextDocument>

namespace quern::app {

void DocumentText::setDocument(QQuickTextDocument* document) {
  if (document_ == document) return;
  document_ = document;
  if (document_ && document_->textDocument() != nullptr) {
    document_->textDocument()->setUndoRedoEnabled(false);
    show(0);
  }
  Q_EMIT documentChanged();
}

void DocumentText::setText(const QString& text) {
  if (text_ == text) return;
  const qsizetype kept = text.startsWith(text_) ? text_.size() : 0;
  text_ = text;
  show(kept);
  Q_EMIT textChanged();
}

void DocumentText::show(qsizetype from) {
  if (!document_ || document_->textDocument() == nullptr) return;
  QTextCursor cursor(document_->textDocument());
  if (from == 0) cursor.select(QTextCursor::Document);
  cursor.movePosition(QTextCursor::End,
                      from == 0 ? QTextCursor::KeepAnchor : QTextCursor::MoveAnchor);
  cursor.insertText(text_.mid(from));
}

}  // namespace quern::app
