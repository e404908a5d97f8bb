#pragma once

#include <QtQml/qqmlregistration.h>
#include <QDateTime>
#include <QObject>
#include <QString>

namespace quern::app {

/// What QML needs to name of a message.
class MessageState : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Only its values are of use.")

 public:
  enum Value {
    Done,
    Waiting,      ///< the prompt is being read; no text yet
    Generating,   ///< text is arriving
    Cancelled,    ///< the user stopped it
    Interrupted,  ///< the program ended while it was being written
    Failed,       ///< see Message::error
    Truncated,    ///< the token limit or the context's end was reached
  };
  Q_ENUM(Value)
};

enum class Role { user, assistant };

/// A turn of a conversation. A value.
struct Message {
  QString id;
  Role role = Role::user;
  QString text;  ///< user: as typed; assistant: Markdown, perhaps with its <think> block
  MessageState::Value state = MessageState::Done;
  QString error;   ///< what happened, one sentence
  QString advice;  ///< what the user can do, one sentence or empty
  QString model;   ///< which model wrote it
  int tokens = 0;  ///< how many tokens were generated
  double tokens_per_second = 0;
  QDateTime created;

  bool operator==(const Message&) const = default;
};

}  // namespace quern::app
