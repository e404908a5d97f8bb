#include "app/chat/conversation.h"

#include "app/chat/chat_backend.h"

namespace quern::app {

Conversation::Conversation(const ChatRecord& record, QObject* parent)
    : QObject(parent), record_(record) {
  settings_.setValue(record.settings);
}

void Conversation::setTitle(const QString& title) {
  if (record_.title == title) return;
  record_.title = title;
  Q_EMIT titleChanged();
}

void Conversation::setOpening(bool opening) {
  if (opening_ == opening) return;
  opening_ = opening;
  Q_EMIT openingChanged();
}

void Conversation::setDraft(const QString& text) {
  if (draft_ == text) return;
  draft_ = text;
  Q_EMIT draftChanged();
}

void Conversation::setContextUsed(int tokens) {
  if (context_used_ == tokens) return;
  context_used_ = tokens;
  Q_EMIT contextUsedChanged();
}

ChatRecord Conversation::record() const {
  ChatRecord record = record_;
  record.settings = settings_.value();
  return record;
}

void Conversation::touch() { record_.updated = QDateTime::currentDateTime(); }

std::vector<ChatTurn> Conversation::turns(int end) const {
  std::vector<ChatTurn> turns;
  for (int i = 0; i < end; ++i) {
    const Message& message = messages_.message(i);
    const QString text = message.role == Role::user ? message.text : withoutReasoning(message.text);
    if (message.role == Role::assistant && text.isEmpty()) continue;
    turns.push_back({message.role, text});
  }
  return turns;
}

QString titleFrom(const QString& message) {
  constexpr qsizetype longest = 60;
  QString line = message.trimmed().section(u'\n', 0, 0).simplified();
  if (line.size() <= longest) return line;
  const qsizetype space = line.lastIndexOf(u' ', longest - 1);
  return line.left(space > longest / 2 ? space : longest - 1) + u'…';
}

}  // namespace quern::app
