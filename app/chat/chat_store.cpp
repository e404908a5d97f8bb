#include "app/chat/chat_store.h"

#include <utility>

namespace quern::app {

ChatStore::ChatStore(const QString& file, QObject* parent)
    : QObject(parent), file_(file), context_(new QObject) {
  context_->moveToThread(&thread_);
  thread_.setObjectName(QStringLiteral("chats"));
  thread_.start();
  post([](ChatDatabase&) {});
}

ChatStore::~ChatStore() {
  // The event loop ends after what was posted before it.
  QMetaObject::invokeMethod(context_, [this] {
    database_.reset();
    delete context_;
    thread_.quit();
  });
  thread_.wait();
}

void ChatStore::post(std::function<void(ChatDatabase&)> work, std::function<void()> done) {
  QMetaObject::invokeMethod(context_, [this, work = std::move(work), done = std::move(done)] {
    QString failure;
    try {
      if (!database_) database_ = std::make_unique<ChatDatabase>(file_);
      work(*database_);
    } catch (const std::exception& error) {
      failure = QString::fromUtf8(error.what());
    }
    QMetaObject::invokeMethod(this, [this, failure, done] {
      if (done) done();
      if (!failure.isEmpty()) {
        failing_ = true;
        Q_EMIT failed(failure);
      } else if (std::exchange(failing_, false)) {
        Q_EMIT recovered();
      }
    });
  });
}

template <typename Result>
void ChatStore::ask(std::function<Result(ChatDatabase&)> question,
                    std::function<void(Result)> answer) {
  auto result = std::make_shared<Result>();
  post([question = std::move(question),
        result](ChatDatabase& database) { *result = question(database); },
       [answer = std::move(answer), result] { answer(std::move(*result)); });
}

void ChatStore::chats(std::function<void(std::vector<ChatRecord>)> answer) {
  ask<std::vector<ChatRecord>>([](ChatDatabase& database) { return database.chats(); },
                               std::move(answer));
}

void ChatStore::messages(const QString& chat, std::function<void(std::vector<Message>)> answer) {
  ask<std::vector<Message>>([chat](ChatDatabase& database) { return database.messages(chat); },
                            std::move(answer));
}

void ChatStore::search(const QString& text, std::function<void(QStringList)> answer) {
  ask<QStringList>([text](ChatDatabase& database) { return database.search(text); },
                   std::move(answer));
}

void ChatStore::save(const ChatRecord& chat, int first, std::vector<Message> messages,
                     std::function<void()> done) {
  post([chat, first, messages = std::move(messages)](
           ChatDatabase& database) { database.save(chat, first, messages); },
       std::move(done));
}

void ChatStore::update(const Message& message) {
  post([message](ChatDatabase& database) { database.update(message); });
}

void ChatStore::update(const ChatRecord& chat) {
  post([chat](ChatDatabase& database) { database.update(chat); });
}

void ChatStore::remove(const QString& chat) {
  post([chat](ChatDatabase& database) { database.remove(chat); });
}

void ChatStore::restore(const QString& chat) {
  post([chat](ChatDatabase& database) { database.restore(chat); });
}

void ChatStore::reopen() {
  QMetaObject::invokeMethod(context_, [this] { database_.reset(); });
  post([](ChatDatabase&) {});
}

}  // namespace quern::app
