#pragma once

#include <QtQml/qqmlregistration.h>
#include <QColor>
#include <QPointer>
#include <QQuickTextDocument>
#include <QSyntaxHighlighter>

namespace quern::app {

struct CodeLanguage;

/// Colours the code in a TextEdit's document: keywords, strings, comments, numbers, function names.
/// Looks at each line once, when it changes. GUI thread.
class CodeHighlighter : public QSyntaxHighlighter {
  Q_OBJECT
  QML_ELEMENT
  Q_PROPERTY(QQuickTextDocument* target READ target WRITE setTarget NOTIFY targetChanged)
  Q_PROPERTY(QString language READ language WRITE setLanguage NOTIFY styleChanged)
  Q_PROPERTY(QColor keywordColor MEMBER keyword_ NOTIFY styleChanged)
  Q_PROPERTY(QColor stringColor MEMBER string_ NOTIFY styleChanged)
  Q_PROPERTY(QColor commentColor MEMBER comment_ NOTIFY styleChanged)
  Q_PROPERTY(QColor numberColor MEMBER number_ NOTIFY styleChanged)
  Q_PROPERTY(QColor functionColor MEMBER function_ NOTIFY styleChanged)

 public:
  explicit CodeHighlighter(QObject* parent = nullptr);

  QQuickTextDocument* target() const { return target_; }
  void setTarget(QQuickTextDocument* target);
  QString language() const { return name_; }
  void setLanguage(const QString& name);

 Q_SIGNALS:
  void targetChanged();
  void styleChanged();

 protected:
  void highlightBlock(const QString& line) override;

 private:
  /// What a line ends inside of; also QTextBlock's user state.
  enum Inside { nothing = -1, comment = 1, triple_double = 2, triple_single = 3 };

  qsizetype leaveOpened(const QString& line);
  qsizetype string(const QString& line, qsizetype start);
  qsizetype word(const QString& line, qsizetype start);
  void colour(qsizetype start, qsizetype end, const QColor& color);

  QPointer<QQuickTextDocument> target_;
  QString name_;
  const CodeLanguage* language_;
  QColor keyword_, string_, comment_, number_, function_;
};

}  // namespace quern::app
