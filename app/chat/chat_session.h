#pragma once

#include <memory>

#include <QtQml/qqmlregistration.h>
#include <QObject>
#include <QTimer>

#include "app/chat/answer_run.h"
#include "app/chat/chat_list_model.h"
#include "app/chat/conversation.h"
#include "app/chat/model_slot.h"
#include "app/chat/undo_stack.h"

namespace quern::app {

/// Everything the chat page does: which chat is open, what is sent, what is answered, what is
/// undone. GUI thread; nothing here waits. The backend and the store must outlive it.
class ChatSession : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Made by the program.")
  Q_PROPERTY(quern::app::ChatListModel* chats READ chats CONSTANT)
  Q_PROPERTY(quern::app::ModelSlot* model READ model CONSTANT)
  Q_PROPERTY(quern::app::AnswerRun* run READ run CONSTANT)
  Q_PROPERTY(quern::app::UndoStack* undoStack READ undoStack CONSTANT)
  /// The open chat; never null.
  Q_PROPERTY(quern::app::Conversation* current READ current NOTIFY currentChanged)
  /// Whether a message could be sent now.
  Q_PROPERTY(bool canSend READ canSend NOTIFY availabilityChanged)
  /// Whether the answer under way is the open chat's.
  Q_PROPERTY(bool isAnsweringHere READ isAnsweringHere NOTIFY availabilityChanged)
  /// The message of the user that is being written anew; empty when none is.
  Q_PROPERTY(QString editedMessage READ editedMessage NOTIFY editedMessageChanged)
  /// Why chats are not being saved; empty when they are.
  Q_PROPERTY(QString storageError READ storageError NOTIFY storageErrorChanged)

 public:
  ChatSession(ChatBackend& backend, ChatStore& store, QObject* parent = nullptr);
  ~ChatSession() override;

  ChatListModel* chats() { return &chats_; }
  ModelSlot* model() { return &model_; }
  AnswerRun* run() { return &run_; }
  UndoStack* undoStack() { return &undo_; }
  Conversation* current() const { return current_; }
  bool canSend() const;
  bool isAnsweringHere() const { return run_.isActive() && run_.conversation() == current_; }
  QString editedMessage() const { return edited_; }
  QString storageError() const { return storage_error_; }

  /// Sends a message, or the new text of the message that is being edited: that one and what
  /// follows it are replaced. Returns whether it was sent: not without a model, during another
  /// answer, or when there is nothing but space.
  Q_INVOKABLE bool send(const QString& text);
  Q_INVOKABLE void stop() { run_.stop(); }
  /// Answers again in place of the last answer, or of the one named and all that follows it.
  Q_INVOKABLE void regenerate(const QString& message = {});
  /// Lets the model go on with the last answer.
  Q_INVOKABLE void continueAnswer();

  /// Puts a user's message into the draft to be edited: the named one, or the last.
  Q_INVOKABLE void edit(const QString& message = {});
  Q_INVOKABLE void cancelEdit();

  Q_INVOKABLE void newChat();
  Q_INVOKABLE void open(const QString& chat);
  /// Opens the chat `step` rows further down the list.
  Q_INVOKABLE void openNeighbour(int step);
  Q_INVOKABLE void rename(const QString& chat, const QString& title);
  Q_INVOKABLE void remove(const QString& chat);
  /// Tries the disk again after a storageError.
  Q_INVOKABLE void retryStorage();

  Q_INVOKABLE void copyMessage(const QString& message) const;
  Q_INVOKABLE void copyLastAnswer() const;
  Q_INVOKABLE void copyText(const QString& text) const;

 Q_SIGNALS:
  void currentChanged();
  void availabilityChanged();
  void editedMessageChanged();
  void storageErrorChanged();
  /// Messages were sent or replaced: the page goes to the end.
  void sent();

 private:
  void setCurrent(Conversation* conversation);
  Conversation* conversationFor(const ChatRecord& record);
  Conversation* find(const QString& chat) const;
  void answer(int first);
  void keepForUndo(const QString& text, int position, const std::vector<Message>& replaced);
  void putBack(const ChatRecord& chat, int position, const std::vector<Message>& messages);
  void setTitle(const QString& chat, const QString& title);
  void saveSettings();
  void openInterrupted();

  ChatStore& store_;
  ChatListModel chats_;
  ModelSlot model_;
  AnswerRun run_;
  UndoStack undo_;
  std::vector<Conversation*> open_;  ///< children: the open chat and the one that is being answered
  Conversation* current_ = nullptr;
  QString edited_;
  QString storage_error_;
  QTimer settings_save_;
};

}  // namespace quern::app
