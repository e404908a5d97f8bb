#pragma once

#include <QtQml/qqmlregistration.h>
#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include "app/chat/chat_store.h"
#include "app/chat/conversation.h"

namespace quern::app {

struct GenerationEnd;
struct GenerationUpdate;
class ChatBackend;

/// The answer under way: asks the backend, brings its text into the conversation's last message,
/// and writes that to the store twice a second, so that a crash loses no more than half a second of
/// it. GUI thread.
class AnswerRun : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Belongs to a chat session.")
  Q_PROPERTY(State state READ state NOTIFY stateChanged)
  Q_PROPERTY(bool isActive READ isActive NOTIFY stateChanged)
  /// The conversation that is being answered; null when none is.
  Q_PROPERTY(quern::app::Conversation* conversation READ conversation NOTIFY stateChanged)
  /// How much of the prompt has been read, 0 to 1; -1 when nothing is known yet.
  Q_PROPERTY(double promptProgress READ promptProgress NOTIFY progressed)
  Q_PROPERTY(int promptDone READ promptDone NOTIFY progressed)
  Q_PROPERTY(int promptTotal READ promptTotal NOTIFY progressed)
  Q_PROPERTY(int tokens READ tokens NOTIFY progressed)
  Q_PROPERTY(double tokensPerSecond READ tokensPerSecond NOTIFY progressed)

 public:
  enum State { Idle, Prefill, Generating, Stopping };
  Q_ENUM(State)

  AnswerRun(ChatBackend& backend, ChatStore& store, QObject* parent = nullptr);
  /// Writes what there is of the answer.
  ~AnswerRun() override;

  State state() const { return state_; }
  bool isActive() const { return state_ != Idle; }
  Conversation* conversation() const { return conversation_; }
  int promptDone() const { return prompt_done_; }
  int promptTotal() const { return prompt_total_; }
  double promptProgress() const {
    return prompt_total_ > 0 ? double(prompt_done_) / prompt_total_ : -1;
  }
  int tokens() const { return tokens_; }
  double tokensPerSecond() const { return tokens_per_second_; }

  /// Answers the conversation: its last message is the answer's, empty or to be continued. Messages
  /// from `first` on are written first; the model is asked when they are on disk (or cannot be).
  void begin(Conversation* conversation, int first, const QString& model);
  /// Ends the answer; what there is of it stays.
  void stop();
  /// Ends the answer and lets the conversation go at once, to be changed or deleted.
  void abandon();

 Q_SIGNALS:
  void stateChanged();
  void progressed();
  void ended(quern::app::Conversation* conversation);

 private:
  void ask();
  void receive(const GenerationUpdate& update);
  void end(const GenerationEnd& end, const QString& error, const QString& advice);
  void setState(State state);
  void checkpoint();

  ChatBackend& backend_;
  ChatStore& store_;
  QPointer<Conversation> conversation_;
  State state_ = Idle;
  bool asked_ = false;  ///< the backend owes a `finished` or `failed`
  int prompt_done_ = 0;
  int prompt_total_ = 0;
  int tokens_before_ = 0;  ///< of the answer that is being continued
  int tokens_ = 0;
  double tokens_per_second_ = 0;
  bool unsaved_ = false;
  QTimer checkpoints_;
};

}  // namespace quern::app
