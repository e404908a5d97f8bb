#pragma once

#include <QtQml/qqmlregistration.h>
#include <QObject>

#include "app/chat/chat_database.h"
#include "app/chat/chat_settings.h"
#include "app/chat/conversation_model.h"

namespace quern::app {

struct ChatTurn;

/// One chat that is open: its messages, its settings, its title. GUI thread; a ChatSession owns it.
class Conversation : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Opened by a chat session.")
  Q_PROPERTY(QString chatId READ chatId CONSTANT)
  Q_PROPERTY(QString title READ title NOTIFY titleChanged)
  Q_PROPERTY(quern::app::ConversationModel* messages READ messages CONSTANT)
  Q_PROPERTY(quern::app::ChatSettings* settings READ settings CONSTANT)
  /// The messages are still being read from disk.
  Q_PROPERTY(bool isOpening READ isOpening NOTIFY openingChanged)
  /// Tokens of the model's context that the chat took when it was last answered; 0 before.
  Q_PROPERTY(int contextUsed READ contextUsed NOTIFY contextUsedChanged)
  /// What stands in the input field and was not sent.
  Q_PROPERTY(QString draft READ draft WRITE setDraft NOTIFY draftChanged)

 public:
  explicit Conversation(const ChatRecord& record, QObject* parent = nullptr);

  QString chatId() const { return record_.id; }
  QString title() const { return record_.title; }
  void setTitle(const QString& title);
  ConversationModel* messages() { return &messages_; }
  ChatSettings* settings() { return &settings_; }

  bool isOpening() const { return opening_; }
  void setOpening(bool opening);

  QString draft() const { return draft_; }
  void setDraft(const QString& text);

  int contextUsed() const { return context_used_; }
  void setContextUsed(int tokens);

  /// Whether it has a row in the database: it has one from its first message on.
  bool isStored() const { return stored_; }
  void setStored() { stored_ = true; }

  /// What is stored of it; the time is the last touch().
  ChatRecord record() const;
  void touch();

  /// The turns before `end` as the model gets them: without reasoning, without answers that have no
  /// text.
  std::vector<ChatTurn> turns(int end) const;

 Q_SIGNALS:
  void titleChanged();
  void openingChanged();
  void contextUsedChanged();
  void draftChanged();

 private:
  ChatRecord record_;
  ConversationModel messages_;
  ChatSettings settings_;
  QString draft_;
  int context_used_ = 0;
  bool opening_ = false;
  bool stored_ = false;
};

/// A title for a chat that begins with this message: its first line, at most 60 characters.
QString titleFrom(const QString& message);

}  // namespace quern::app
