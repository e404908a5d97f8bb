#pragma once

#include <QtQml/qqmlregistration.h>
#include <QAbstractListModel>

#include "app/chat/sampling_settings.h"

namespace quern::app {

/// A chat's sampling settings as rows for the settings sheet, and its system prompt. GUI thread.
class ChatSettings : public QAbstractListModel {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Belongs to a conversation.")
  Q_PROPERTY(QString systemPrompt READ systemPrompt WRITE setSystemPrompt NOTIFY changed)
  /// The stop texts, one per line.
  Q_PROPERTY(QString stopTexts READ stopTexts WRITE setStopTexts NOTIFY changed)
  Q_PROPERTY(bool isInitial READ isInitial NOTIFY changed)

 public:
  enum Role {
    TitleRole = Qt::UserRole,
    HelpRole,
    GroupRole,  ///< the heading, on the first row under it; else empty
    MinimumRole,
    MaximumRole,
    StepRole,
    IntegerRole,
    ValueRole,
    TextRole,     ///< the value as it is written in the field
    HintRole,     ///< what an empty or initial value means
    InitialRole,  ///< whether the value is the initial one
    KeyRole,
  };
  Q_ENUM(Role)

  explicit ChatSettings(QObject* parent = nullptr);

  const ChatSettingsValue& value() const { return value_; }
  void setValue(const ChatSettingsValue& value);

  QString systemPrompt() const { return value_.system_prompt; }
  void setSystemPrompt(const QString& text);
  QString stopTexts() const;
  void setStopTexts(const QString& lines);
  bool isInitial() const { return value_ == ChatSettingsValue(); }

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

  /// Puts a number into a row, clamped to its range.
  Q_INVOKABLE void set(int row, double number);
  /// Reads what was typed. Returns an empty text, or one sentence that says why it was not taken.
  Q_INVOKABLE QString enter(int row, const QString& typed);
  Q_INVOKABLE void reset(int row);
  Q_INVOKABLE void resetAll();

 Q_SIGNALS:
  void changed();

 private:
  ChatSettingsValue value_;
};

}  // namespace quern::app
