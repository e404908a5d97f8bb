#include "app/chat/chat_database.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMetaEnum>
#include <QSqlError>
#include <QSqlQuery>
#include <QUuid>
#include <QVariant>

namespace quern::app {
namespace {

constexpr qint64 trash_milliseconds = 7LL * 24 * 60 * 60 * 1000;

QString stateName(MessageState::Value state) {
  return QLatin1String(QMetaEnum::fromType<MessageState::Value>().valueToKey(state))
      .toString()
      .toLower();
}

MessageState::Value stateNamed(QString name) {
  if (!name.isEmpty()) name[0] = name.at(0).toUpper();
  bool known = false;
  const int value =
      QMetaEnum::fromType<MessageState::Value>().keyToValue(name.toLatin1().constData(), &known);
  return known ? static_cast<MessageState::Value>(value) : MessageState::Done;
}

QString settingsText(const ChatSettingsValue& settings) {
  return QString::fromUtf8(QJsonDocument(settings.toJson()).toJson(QJsonDocument::Compact));
}

}  // namespace

ChatDatabase::ChatDatabase(const QString& file)
    : file_(file),
      connection_(QUuid::createUuid().toString()),
      lock_(std::make_unique<QLockFile>(file + QLatin1String(".lock"))) {
  if (!QDir().mkpath(QFileInfo(file).path())) fail(QStringLiteral("the folder cannot be created"));
  database_ = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), connection_);
  database_.setDatabaseName(file);
  if (!database_.open()) fail(database_.lastError().text());
  run(QStringLiteral("PRAGMA journal_mode=WAL"));
  run(QStringLiteral("PRAGMA synchronous=NORMAL"));
  run(QStringLiteral("PRAGMA foreign_keys=ON"));
  run(QStringLiteral("PRAGMA busy_timeout=3000"));
  createSchema();
  lock_->setStaleLockTime(0);
  if (lock_->tryLock()) {
    recoverInterrupted();
    purge();
  }
}

ChatDatabase::~ChatDatabase() {
  database_.close();
  database_ = {};
  QSqlDatabase::removeDatabase(connection_);
}

void ChatDatabase::createSchema() {
  QSqlQuery version = prepared(QStringLiteral("PRAGMA user_version"));
  run(version);
  version.next();
  const int found = version.value(0).toInt();
  version.finish();
  if (found == schema_version) return;
  if (found > schema_version) {
    fail(QStringLiteral("it was written by a newer Quern (version %1, this one knows %2)")
             .arg(found)
             .arg(schema_version));
  }
  if (!database_.transaction()) fail(database_.lastError().text());
  run(
      QStringLiteral("CREATE TABLE IF NOT EXISTS chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, "
                     "settings TEXT NOT NULL, "
                     "updated INTEGER NOT NULL, deleted INTEGER)"));
  run(QStringLiteral(
      "CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, "
      "chat TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE, position INTEGER NOT NULL, "
      "role TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL, "
      "advice TEXT NOT NULL, model TEXT NOT NULL, tokens INTEGER NOT NULL, "
      "tokens_per_second REAL NOT NULL, created INTEGER NOT NULL)"));
  run(QStringLiteral("CREATE INDEX IF NOT EXISTS messages_of_chat ON messages(chat, position)"));
  run(QStringLiteral("PRAGMA user_version=%1").arg(schema_version));
  if (!database_.commit()) fail(database_.lastError().text());
}

void ChatDatabase::recoverInterrupted() {
  run(QStringLiteral(
      "UPDATE messages SET state='interrupted' WHERE state IN ('waiting', 'generating')"));
}

void ChatDatabase::purge() {
  QSqlQuery query = prepared(QStringLiteral("DELETE FROM chats WHERE deleted < ?"));
  query.addBindValue(QDateTime::currentMSecsSinceEpoch() - trash_milliseconds);
  run(query);
}

std::vector<ChatRecord> ChatDatabase::chats() {
  QSqlQuery query =
      prepared(QStringLiteral("SELECT id, title, settings, updated FROM chats WHERE deleted IS "
                              "NULL ORDER BY updated DESC"));
  run(query);
  std::vector<ChatRecord> found;
  while (query.next()) {
    const auto settings = QJsonDocument::fromJson(query.value(2).toString().toUtf8()).object();
    found.push_back({query.value(0).toString(), query.value(1).toString(),
                     QDateTime::fromMSecsSinceEpoch(query.value(3).toLongLong()),
                     ChatSettingsValue::fromJson(settings)});
  }
  return found;
}

std::vector<Message> ChatDatabase::messages(const QString& chat) {
  QSqlQuery query = prepared(QStringLiteral(
      "SELECT id, role, text, state, error, advice, model, tokens, tokens_per_second, created "
      "FROM messages WHERE chat=? ORDER BY position"));
  query.addBindValue(chat);
  run(query);
  std::vector<Message> found;
  while (query.next()) {
    Message message;
    message.id = query.value(0).toString();
    message.role =
        query.value(1).toString() == QLatin1String("user") ? Role::user : Role::assistant;
    message.text = query.value(2).toString();
    message.state = stateNamed(query.value(3).toString());
    message.error = query.value(4).toString();
    message.advice = query.value(5).toString();
    message.model = query.value(6).toString();
    message.tokens = query.value(7).toInt();
    message.tokens_per_second = query.value(8).toDouble();
    message.created = QDateTime::fromMSecsSinceEpoch(query.value(9).toLongLong());
    found.push_back(std::move(message));
  }
  return found;
}

QStringList ChatDatabase::search(const QString& text) {
  QString pattern = text;
  for (const char16_t special : {u'\\', u'%', u'_'}) {
    pattern.replace(QChar(special), QString(QLatin1Char('\\')) + QChar(special));
  }
  pattern = u'%' + pattern + u'%';
  QSqlQuery query =
      prepared(QStringLiteral("SELECT id FROM chats WHERE title LIKE ? ESCAPE '\\' OR id IN "
                              "(SELECT chat FROM messages WHERE text LIKE ? ESCAPE '\\')"));
  query.addBindValue(pattern);
  query.addBindValue(pattern);
  run(query);
  QStringList found;
  while (query.next()) found.append(query.value(0).toString());
  return found;
}

void ChatDatabase::save(const ChatRecord& chat, int first, const std::vector<Message>& messages) {
  if (!database_.transaction()) fail(database_.lastError().text());
  try {
    QSqlQuery upsert = prepared(QStringLiteral(
        "INSERT INTO chats (id, title, settings, updated) VALUES (?, ?, ?, ?) ON CONFLICT(id) DO "
        "UPDATE "
        "SET title=excluded.title, settings=excluded.settings, updated=excluded.updated"));
    for (const QVariant& value :
         {QVariant(chat.id), QVariant(chat.title), QVariant(settingsText(chat.settings)),
          QVariant(chat.updated.toMSecsSinceEpoch())}) {
      upsert.addBindValue(value);
    }
    run(upsert);
    QSqlQuery clear = prepared(QStringLiteral("DELETE FROM messages WHERE chat=? AND position>=?"));
    clear.addBindValue(chat.id);
    clear.addBindValue(first);
    run(clear);
    QSqlQuery insert = prepared(
        QStringLiteral("INSERT INTO messages (id, chat, position, role, text, state, error, "
                       "advice, model, tokens, "
                       "tokens_per_second, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (const Message& message : messages) {
      insert.addBindValue(message.id);
      insert.addBindValue(chat.id);
      insert.addBindValue(first++);
      insert.addBindValue(message.role == Role::user ? QStringLiteral("user")
                                                     : QStringLiteral("assistant"));
      for (const QString& text :
           {message.text, stateName(message.state), message.error, message.advice, message.model}) {
        insert.addBindValue(text.isNull() ? QStringLiteral("") : text);
      }
      insert.addBindValue(message.tokens);
      insert.addBindValue(message.tokens_per_second);
      insert.addBindValue(message.created.toMSecsSinceEpoch());
      run(insert);
    }
    if (!database_.commit()) fail(database_.lastError().text());
  } catch (...) {
    database_.rollback();
    throw;
  }
}

void ChatDatabase::update(const Message& message) {
  QSqlQuery query =
      prepared(QStringLiteral("UPDATE messages SET text=?, state=?, error=?, advice=?, model=?, "
                              "tokens=?, tokens_per_second=? WHERE id=?"));
  for (const QString& text :
       {message.text, stateName(message.state), message.error, message.advice, message.model}) {
    query.addBindValue(text.isNull() ? QStringLiteral("") : text);
  }
  query.addBindValue(message.tokens);
  query.addBindValue(message.tokens_per_second);
  query.addBindValue(message.id);
  run(query);
}

void ChatDatabase::update(const ChatRecord& chat) {
  QSqlQuery query =
      prepared(QStringLiteral("UPDATE chats SET title=?, settings=?, updated=? WHERE id=?"));
  query.addBindValue(chat.title);
  query.addBindValue(settingsText(chat.settings));
  query.addBindValue(chat.updated.toMSecsSinceEpoch());
  query.addBindValue(chat.id);
  run(query);
}

void ChatDatabase::remove(const QString& chat) {
  QSqlQuery query = prepared(QStringLiteral("UPDATE chats SET deleted=? WHERE id=?"));
  query.addBindValue(QDateTime::currentMSecsSinceEpoch());
  query.addBindValue(chat);
  run(query);
}

void ChatDatabase::restore(const QString& chat) {
  QSqlQuery query = prepared(QStringLiteral("UPDATE chats SET deleted=NULL WHERE id=?"));
  query.addBindValue(chat);
  run(query);
}

QSqlQuery ChatDatabase::prepared(const QString& statement) {
  QSqlQuery query(database_);
  query.setForwardOnly(true);
  if (!query.prepare(statement)) fail(query.lastError().text());
  return query;
}

void ChatDatabase::run(QSqlQuery& query) {
  if (!query.exec()) fail(query.lastError().text());
}

void ChatDatabase::run(const QString& statement) {
  QSqlQuery query(database_);
  if (!query.exec(statement)) fail(query.lastError().text());
}

void ChatDatabase::fail(const QString& cause) const {
  throw StorageError(
      QStringLiteral("%1: %2.").arg(QDir::toNativeSeparators(file_), cause).toStdString());
}

}  // namespace quern::app
