#include "app/chat/chat_database.h"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <gtest/gtest.h>
#include <QFile>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QThread>

namespace quern::app {
namespace {

class ChatDatabaseTest : public testing::Test {
 protected:
  QTemporaryDir folder;
  QString file = folder.filePath(QStringLiteral("data/chats.db"));

  static ChatRecord chat(const QString& id, int minute = 0) {
    ChatRecord record;
    record.id = id;
    record.title = QStringLiteral("Chat ") + id;
    record.updated = QDateTime::fromMSecsSinceEpoch(1700000000000 + minute * 60000);
    return record;
  }

  static Message message(const QString& id, Role role, const QString& text,
                         MessageState::Value state = MessageState::Done) {
    Message message;
    message.id = id;
    message.role = role;
    message.text = text;
    message.state = state;
    message.created = QDateTime::fromMSecsSinceEpoch(1700000000000);
    return message;
  }
};

TEST_F(ChatDatabaseTest, ReturnsWhatWasSaved) {
  ChatRecord record = chat(QStringLiteral("a"));
  record.settings.system_prompt = QStringLiteral("Be brief.");
  record.settings.numbers[0] = 1.25;
  record.settings.stop = QStringList{QStringLiteral("\n\n"), QStringLiteral("END")};
  Message answer = message(QStringLiteral("2"), Role::assistant, QStringLiteral("naïve 🌾"),
                           MessageState::Failed);
  answer.error = QStringLiteral("no");
  answer.advice = QStringLiteral("yes");
  answer.model = QStringLiteral("Tiny");
  answer.tokens = 7;
  answer.tokens_per_second = 12.5;
  const std::vector<Message> messages{message(QStringLiteral("1"), Role::user, QStringLiteral("q")),
                                      answer};
  ChatDatabase(file).save(record, 0, messages);
  ChatDatabase again(file);
  EXPECT_EQ(again.chats(), std::vector<ChatRecord>{record});
  EXPECT_EQ(again.messages(record.id), messages);
}

TEST_F(ChatDatabaseTest, SavingReplacesWhatFollows) {
  ChatDatabase database(file);
  const ChatRecord record = chat(QStringLiteral("a"));
  database.save(record, 0,
                {message(QStringLiteral("1"), Role::user, QStringLiteral("q")),
                 message(QStringLiteral("2"), Role::assistant, QStringLiteral("r"))});
  database.save(record, 1,
                {message(QStringLiteral("3"), Role::assistant, QStringLiteral("better"))});
  const auto found = database.messages(record.id);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].text, QStringLiteral("better"));
}

TEST_F(ChatDatabaseTest, ADeletedChatComesBack) {
  ChatDatabase database(file);
  database.save(chat(QStringLiteral("a"), 1), 0,
                {message(QStringLiteral("1"), Role::user, QStringLiteral("q"))});
  database.save(chat(QStringLiteral("b"), 2), 0, {});
  database.remove(QStringLiteral("a"));
  ASSERT_EQ(database.chats().size(), 1u);
  database.restore(QStringLiteral("a"));
  ASSERT_EQ(database.chats().size(), 2u);
  EXPECT_EQ(database.chats()[0].id, QStringLiteral("b"));
  EXPECT_EQ(database.messages(QStringLiteral("a")).size(), 1u);
}

TEST_F(ChatDatabaseTest, SearchesTitlesAndMessagesLiterally) {
  ChatDatabase database(file);
  database.save(chat(QStringLiteral("a")), 0,
                {message(QStringLiteral("1"), Role::user, QStringLiteral("100% rye"))});
  database.save(chat(QStringLiteral("b")), 0,
                {message(QStringLiteral("2"), Role::user, QStringLiteral("100 rye"))});
  EXPECT_EQ(database.search(QStringLiteral("100% R")), QStringList{QStringLiteral("a")});
  EXPECT_EQ(database.search(QStringLiteral("chat b")), QStringList{QStringLiteral("b")});
}

TEST_F(ChatDatabaseTest, AnAnswerCutOffByACrashIsInterrupted) {
  ChatDatabase(file).save(chat(QStringLiteral("a")), 0,
                          {message(QStringLiteral("1"), Role::user, QStringLiteral("q")),
                           message(QStringLiteral("2"), Role::assistant, QStringLiteral("half"),
                                   MessageState::Generating)});
  ChatDatabase again(file);
  EXPECT_EQ(again.messages(QStringLiteral("a"))[1].state, MessageState::Interrupted);
}

TEST_F(ChatDatabaseTest, ASecondProgramLeavesTheFirstOnesAnswerAlone) {
  ChatDatabase first(file);
  first.save(chat(QStringLiteral("a")), 0,
             {message(QStringLiteral("2"), Role::assistant, QStringLiteral("half"),
                      MessageState::Generating)});
  ChatDatabase second(file);
  EXPECT_EQ(second.messages(QStringLiteral("a"))[0].state, MessageState::Generating);
}

TEST_F(ChatDatabaseTest, AKillAtAnyMomentLosesNothingThatWasSaved) {
  for (int round = 0; round < 8; ++round) {
    const QString name = folder.filePath(QStringLiteral("kill%1.db").arg(round));
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ChatDatabase database(name);
      for (unsigned count = 0;; ++count) {
        const QString id = QString::number(count);
        database.save(chat(id), 0,
                      {message(u'q' + id, Role::user, QString(2000, u'x')),
                       message(u'r' + id, Role::assistant, {}, MessageState::Generating)});
        if (write(report[1], &count, sizeof count) < 0) _exit(1);
      }
    }
    close(report[1]);
    unsigned count = 0;
    ASSERT_EQ(read(report[0], &count, sizeof count), ssize_t{sizeof count});
    QThread::msleep(static_cast<unsigned long>(17 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    unsigned saved = count + 1;
    while (read(report[0], &count, sizeof count) == sizeof count) saved = count + 1;
    close(report[0]);
    ChatDatabase survivor(name);
    EXPECT_GE(survivor.chats().size(), saved);
    for (unsigned i = 0; i < saved; ++i) {
      const auto messages = survivor.messages(QString::number(i));
      ASSERT_EQ(messages.size(), 2u) << i;
      EXPECT_EQ(messages[1].state, MessageState::Interrupted);
    }
  }
}

TEST_F(ChatDatabaseTest, TellsWhichFileAndWhy) {
  const QString occupied = folder.filePath(QStringLiteral("occupied"));
  QFile blocker(occupied);
  ASSERT_TRUE(blocker.open(QIODevice::WriteOnly));
  try {
    ChatDatabase database(occupied + QStringLiteral("/chats.db"));
    FAIL() << "opened below a file";
  } catch (const StorageError& error) {
    EXPECT_EQ(QString::fromUtf8(error.what()),
              occupied + QStringLiteral("/chats.db: the folder cannot be created."));
  }
}

TEST_F(ChatDatabaseTest, ANewerFileIsLeftAlone) {
  {
    ChatDatabase database(file);
    QSqlDatabase raw = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("raw"));
    raw.setDatabaseName(file);
    ASSERT_TRUE(raw.open());
    QSqlQuery(raw).exec(QStringLiteral("PRAGMA user_version=99"));
  }
  QSqlDatabase::removeDatabase(QStringLiteral("raw"));
  EXPECT_THROW(ChatDatabase{file}, StorageError);
}

}  // namespace
}  // namespace quern::app
