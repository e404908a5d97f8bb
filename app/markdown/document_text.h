#pragma once

#include <QtQml/qqmlregistration.h>
#include <QObject>
#include <QPointer>
#include <QQuickTextDocument>

namespace quern::app {

/// Plain text for a TextEdit that grows at its end: what is added is appended to the document, so
/// that only its last lines are laid out again. Setting TextEdit.text would lay out everything. GUI
/// thread.
class DocumentText : public QObject {
  Q_OBJECT
  QML_ELEMENT
  Q_PROPERTY(QQuickTextDocument* document READ document WRITE setDocument NOTIFY documentChanged)
  Q_PROPERTY(QString text READ text WRITE setText NOTIFY textChanged)

 public:
  using QObject::QObject;

  QQuickTextDocument* document() const { return document_; }
  void setDocument(QQuickTextDocument* document);
  QString text() const { return text_; }
  void setText(const QString& text);

 Q_SIGNALS:
  void documentChanged();
  void textChanged();

 private:
  void show(qsizetype from);

  QPointer<QQuickTextDocument> document_;
  QString text_;
};

}  // namespace quern::app
