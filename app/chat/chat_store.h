#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <QObject>
#include <QThread>

#include "app/chat/chat_database.h"

namespace quern::app {

/// The chats on disk, for the GUI thread: every call returns at once, is done in order on the
/// store's own thread, and answers, where it has an answer, later on the GUI thread. A chat goes on
/// in memory when storage fails; `failed` says so.
class ChatStore : public QObject {
  Q_OBJECT

 public:
  /// `file` is opened on the store's thread, before anything else is done there.
  explicit ChatStore(const QString& file, QObject* parent = nullptr);
  /// Waits until everything that was asked for is written.
  ~ChatStore() override;

  void chats(std::function<void(std::vector<ChatRecord>)> answer);
  void messages(const QString& chat, std::function<void(std::vector<Message>)> answer);
  void search(const QString& text, std::function<void(QStringList)> answer);

  /// ChatDatabase::save. `done` is called when it is on disk or has failed; it may be empty.
  void save(const ChatRecord& chat, int first, std::vector<Message> messages,
            std::function<void()> done = {});
  void update(const Message& message);
  void update(const ChatRecord& chat);
  void remove(const QString& chat);
  void restore(const QString& chat);

  /// Opens the file again after a failure. Emits `recovered` or `failed`.
  void reopen();

 Q_SIGNALS:
  /// One sentence: the file and the cause.
  void failed(const QString& sentence);
  void recovered();

 private:
  void post(std::function<void(ChatDatabase&)> work, std::function<void()> done = {});
  template <typename Result>
  void ask(std::function<Result(ChatDatabase&)> question, std::function<void(Result)> answer);

  QString file_;
  QThread thread_;
  QObject* context_;                        ///< lives on thread_
  std::unique_ptr<ChatDatabase> database_;  ///< touched on thread_ only
  bool failing_ = false;                    ///< GUI thread's
};

}  // namespace quern::app
