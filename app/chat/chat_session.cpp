#include "app/chat/chat_session.h"

#include <algorithm>

#include <QClipboard>
#include <QGuiApplication>
#include <QUuid>

#include "app/chat/chat_backend.h"

namespace quern::app {
namespace {

constexpr int settings_save_delay_ms = 400;

QString freshId() { return QUuid::createUuid().toString(QUuid::WithoutBraces); }

Message newMessage(Role role, const QString& text) {
  Message message;
  message.id = freshId();
  message.role = role;
  message.text = text;
  message.state = role == Role::user ? MessageState::Done : MessageState::Waiting;
  message.created = QDateTime::currentDateTime();
  return message;
}

}  // namespace

ChatSession::ChatSession(ChatBackend& backend, ChatStore& store, QObject* parent)
    : QObject(parent), store_(store), chats_(store), model_(backend), run_(backend, store) {
  connect(&run_, &AnswerRun::stateChanged, this, &ChatSession::availabilityChanged);
  connect(&model_, &ModelSlot::changed, this, &ChatSession::availabilityChanged);
  connect(this, &ChatSession::currentChanged, this, &ChatSession::availabilityChanged);
  connect(&store, &ChatStore::failed, this, [this](const QString& sentence) {
    storage_error_ = tr("Chats are not being saved. %1").arg(sentence);
    Q_EMIT storageErrorChanged();
  });
  connect(&store, &ChatStore::recovered, this, [this] {
    storage_error_.clear();
    Q_EMIT storageErrorChanged();
  });
  settings_save_.setSingleShot(true);
  settings_save_.setInterval(settings_save_delay_ms);
  connect(&settings_save_, &QTimer::timeout, this, &ChatSession::saveSettings);
  newChat();
  store.chats([this](std::vector<ChatRecord> chats) {
    chats_.reset(std::move(chats));
    if (current_->isStored()) chats_.put(current_->record());
    openInterrupted();
  });
}

ChatSession::~ChatSession() {
  if (settings_save_.isActive()) saveSettings();
  run_.disconnect(this);
}

bool ChatSession::canSend() const {
  return model_.state() == ModelSlot::Ready && !run_.isActive() && !current_->isOpening();
}

bool ChatSession::send(const QString& text) {
  if (!canSend() || text.trimmed().isEmpty()) return false;
  ConversationModel& messages = *current_->messages();
  int first = messages.messageCount();
  if (const int edited = messages.position(edited_); edited >= 0) {
    first = edited;
    keepForUndo(tr("Message edited"), first, messages.truncate(first));
  }
  cancelEdit();
  messages.append(newMessage(Role::user, text.trimmed()));
  messages.append(newMessage(Role::assistant, {}));
  if (first == 0 && !current_->isStored()) current_->setTitle(titleFrom(text));
  current_->touch();
  chats_.put(current_->record());
  answer(first);
  return true;
}

void ChatSession::answer(int first) {
  run_.begin(current_, first, model_.name());
  Q_EMIT sent();
}

void ChatSession::regenerate(const QString& message) {
  ConversationModel& messages = *current_->messages();
  if (!canSend() || messages.messageCount() == 0) return;
  int first = message.isEmpty() ? messages.messageCount() - 1 : messages.position(message);
  if (first < 0) return;
  if (messages.message(first).role == Role::user) ++first;
  const auto replaced = messages.truncate(first);
  if (!replaced.empty()) keepForUndo(tr("Answer replaced"), first, replaced);
  messages.append(newMessage(Role::assistant, {}));
  answer(first);
}

void ChatSession::continueAnswer() {
  ConversationModel& messages = *current_->messages();
  const int last = messages.messageCount() - 1;
  if (!canSend() || last < 0 || messages.message(last).role != Role::assistant) return;
  answer(last);
}

void ChatSession::edit(const QString& message) {
  const ConversationModel& messages = *current_->messages();
  int at = messages.position(message);
  if (message.isEmpty()) {
    at = messages.messageCount() - 1;
    while (at >= 0 && messages.message(at).role != Role::user) --at;
  }
  if (at < 0 || messages.message(at).role != Role::user) return;
  edited_ = messages.message(at).id;
  current_->setDraft(messages.message(at).text);
  Q_EMIT editedMessageChanged();
}

void ChatSession::cancelEdit() {
  current_->setDraft({});
  if (edited_.isEmpty()) return;
  edited_.clear();
  Q_EMIT editedMessageChanged();
}

void ChatSession::keepForUndo(const QString& text, int position,
                              const std::vector<Message>& replaced) {
  undo_.push(text, [this, chat = current_->record(), position, replaced] {
    putBack(chat, position, replaced);
  });
}

void ChatSession::putBack(const ChatRecord& chat, int position,
                          const std::vector<Message>& messages) {
  if (Conversation* conversation = find(chat.id)) {
    if (run_.conversation() == conversation) run_.abandon();
    conversation->messages()->truncate(position);
    for (const Message& message : messages) conversation->messages()->append(message);
  }
  store_.save(chat, position, messages);
  open(chat.id);
}

void ChatSession::newChat() {
  if (current_ != nullptr && !current_->isStored()) return;
  ChatRecord record;
  record.id = freshId();
  record.title = tr("New chat");
  record.updated = QDateTime::currentDateTime();
  setCurrent(conversationFor(record));
}

void ChatSession::open(const QString& chat) {
  if (current_->chatId() == chat) return;
  const auto record = chats_.find(chat);
  if (!record) return;
  if (Conversation* conversation = find(chat)) {
    setCurrent(conversation);
    return;
  }
  Conversation* conversation = conversationFor(*record);
  conversation->setStored();
  conversation->setOpening(true);
  store_.messages(chat, [this, chat](const std::vector<Message>& messages) {
    Conversation* opened = find(chat);
    if (opened == nullptr) return;
    opened->messages()->reset(messages);
    opened->setOpening(false);
    Q_EMIT availabilityChanged();
  });
  setCurrent(conversation);
}

void ChatSession::openNeighbour(int step) {
  const int row = chats_.row(current_->chatId());
  open(chats_.chatAt(row < 0 && step < 0 ? -1 : row + step));
}

void ChatSession::setCurrent(Conversation* conversation) {
  if (settings_save_.isActive()) saveSettings();
  if (!edited_.isEmpty()) cancelEdit();
  current_ = conversation;
  Q_EMIT currentChanged();
  const auto needed = [this](Conversation* each) {
    return each == current_ || each == run_.conversation();
  };
  const auto unneeded = std::stable_partition(open_.begin(), open_.end(), needed);
  std::for_each(unneeded, open_.end(), [](Conversation* each) { each->deleteLater(); });
  open_.erase(unneeded, open_.end());
}

Conversation* ChatSession::conversationFor(const ChatRecord& record) {
  auto* conversation = new Conversation(record, this);
  connect(conversation->settings(), &ChatSettings::changed, this,
          [this] { settings_save_.start(); });
  open_.push_back(conversation);
  return conversation;
}

Conversation* ChatSession::find(const QString& chat) const {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](Conversation* each) { return each->chatId() == chat; });
  return found == open_.end() ? nullptr : *found;
}

void ChatSession::rename(const QString& chat, const QString& title) {
  auto record = chats_.find(chat);
  const QString wanted = title.simplified();
  if (!record || wanted.isEmpty() || wanted == record->title) return;
  undo_.push(tr("Chat renamed"), [this, chat, before = record->title] { setTitle(chat, before); });
  setTitle(chat, wanted);
}

void ChatSession::setTitle(const QString& chat, const QString& title) {
  auto record = chats_.find(chat);
  if (!record) return;
  record->title = title;
  if (Conversation* conversation = find(chat)) {
    conversation->setTitle(title);
    record = conversation->record();
  }
  chats_.put(*record);
  store_.update(*record);
}

void ChatSession::remove(const QString& chat) {
  const int row = chats_.row(chat);
  const auto record = chats_.take(chat);
  if (!record) return;
  if (run_.conversation() != nullptr && run_.conversation()->chatId() == chat) run_.stop();
  store_.remove(chat);
  undo_.push(tr("Deleted “%1”").arg(record->title), [this, record = *record] {
    store_.restore(record.id);
    chats_.put(record);
    open(record.id);
  });
  if (current_->chatId() != chat) return;
  const QString next = chats_.chatAt(std::min(row, chats_.count() - 1));
  if (next.isEmpty()) {
    newChat();
  } else {
    open(next);
  }
}

void ChatSession::retryStorage() {
  store_.reopen();
  if (current_->isStored()) store_.save(current_->record(), 0, current_->messages()->messages());
}

void ChatSession::saveSettings() {
  settings_save_.stop();
  if (!current_->isStored()) return;
  chats_.put(current_->record());
  store_.update(current_->record());
}

// After a crash the answer that was being written is what the user looks for.
void ChatSession::openInterrupted() {
  const QString newest = chats_.chatAt(0);
  if (newest.isEmpty()) return;
  store_.messages(newest, [this, newest](const std::vector<Message>& messages) {
    const bool interrupted =
        !messages.empty() && messages.back().state == MessageState::Interrupted;
    if (interrupted && !current_->isStored()) open(newest);
  });
}

void ChatSession::copyMessage(const QString& message) const {
  const int at = current_->messages()->position(message);
  if (at >= 0) copyText(withoutReasoning(current_->messages()->message(at).text));
}

void ChatSession::copyLastAnswer() const {
  const ConversationModel& messages = *current_->messages();
  const int last = messages.messageCount() - 1;
  if (last >= 0 && messages.message(last).role == Role::assistant)
    copyMessage(messages.message(last).id);
}

void ChatSession::copyText(const QString& text) const {
  QGuiApplication::clipboard()->setText(text);
}

}  // namespace quern::app
