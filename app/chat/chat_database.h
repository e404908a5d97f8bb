#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include <QLockFile>
#include <QSqlDatabase>

#include "app/chat/message.h"
#include "app/chat/sampling_settings.h"

class QSqlQuery;

namespace quern::app {

/// The chats cannot be read or written. The text is one sentence for the user, with the file and
/// the cause.
class StorageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A chat without its messages.
struct ChatRecord {
  QString id;
  QString title;
  QDateTime updated;
  ChatSettingsValue settings;

  bool operator==(const ChatRecord&) const = default;
};

/// The chats on disk: an SQLite file in write-ahead mode. What a method wrote is there after a kill
/// at any later moment. A deleted chat stays for a week, so that the deletion can be taken back.
///
/// Belongs to one thread. Every method may throw StorageError.
class ChatDatabase {
 public:
  /// Opens the file, creates it where missing and brings an older schema up to date. Answers that
  /// were being written when the program died become interrupted, unless another running program
  /// has the file open.
  explicit ChatDatabase(const QString& file);
  ~ChatDatabase();
  ChatDatabase(const ChatDatabase&) = delete;
  ChatDatabase& operator=(const ChatDatabase&) = delete;

  /// The chats, last used first.
  std::vector<ChatRecord> chats();
  /// The messages of a chat, oldest first.
  std::vector<Message> messages(const QString& chat);
  /// Ids of the chats whose title or messages contain the text.
  QStringList search(const QString& text);

  /// Adds or updates the chat, and puts `messages` in the place of all its messages from position
  /// `first` on: all of it or nothing.
  void save(const ChatRecord& chat, int first, const std::vector<Message>& messages);
  /// Text, state and figures of one message.
  void update(const Message& message);
  /// Title, settings and time of a chat; nothing when it is not there.
  void update(const ChatRecord& chat);

  void remove(const QString& chat);
  void restore(const QString& chat);

  static constexpr int schema_version = 1;

 private:
  void createSchema();
  void recoverInterrupted();
  void purge();
  QSqlQuery prepared(const QString& statement);
  void run(QSqlQuery& query);
  void run(const QString& statement);
  [[noreturn]] void fail(const QString& cause) const;

  QString file_;
  QString connection_;
  QSqlDatabase database_;
  std::unique_ptr<QLockFile> lock_;
};

}  // namespace quern::app
