// The whole way: the program, a model from disk, keys from outside, and what is on disk afterwards.
#include <gtest/gtest.h>
#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QThread>

#include "app/chat/chat_database.h"

namespace quern::app {
namespace {

constexpr int patience_ms = 60000;

bool eventually(const std::function<bool()>& condition) {
  for (int waited = 0; waited < patience_ms; waited += 100) {
    if (condition()) return true;
    QThread::msleep(100);
  }
  return false;
}

class WindowTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"Xvfb", "xdotool"}) {
      if (QStandardPaths::findExecutable(QLatin1String(program)).isEmpty()) {
        GTEST_SKIP() << program << " IS MISSING: install the test packages";
      }
    }
    display_.start(QStringLiteral("Xvfb"),
                   {QStringLiteral("-displayfd"), QStringLiteral("1"), QStringLiteral("-screen"),
                    QStringLiteral("0"), QStringLiteral("1280x800x24"), QStringLiteral("-nolisten"),
                    QStringLiteral("tcp")});
    ASSERT_TRUE(display_.waitForReadyRead(patience_ms));
    const QString number = u':' + QString::fromLatin1(display_.readAllStandardOutput()).trimmed();
    environment_ = QProcessEnvironment::systemEnvironment();
    environment_.insert(QStringLiteral("DISPLAY"), number);
    environment_.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("xcb"));
    environment_.insert(QStringLiteral("XDG_DATA_HOME"), home_.filePath(QStringLiteral("data")));
    environment_.insert(QStringLiteral("XDG_CONFIG_HOME"),
                        home_.filePath(QStringLiteral("config")));
    environment_.insert(QStringLiteral("XDG_CACHE_HOME"), home_.filePath(QStringLiteral("cache")));
    environment_.insert(QStringLiteral("XDG_RUNTIME_DIR"), home_.path());
    copyModel();
  }

  /// The model with a context that its answers do not fill before the test is through with them.
  void copyModel() {
    const QDir from(QStringLiteral(QUERN_TEST_DATA "/models/tiny-chat"));
    const QDir to(home_.filePath(QStringLiteral("tiny-chat")));
    ASSERT_TRUE(to.mkpath(QStringLiteral(".")));
    for (const QString& name : from.entryList(QDir::Files)) {
      ASSERT_TRUE(QFile::copy(from.filePath(name), to.filePath(name)));
    }
    QFile config(from.filePath(QStringLiteral("config.json")));
    ASSERT_TRUE(config.open(QIODevice::ReadOnly));
    const QByteArray text = config.readAll();
    const QByteArray longer = QByteArray(text).replace("\"max_position_embeddings\": 512",
                                                       "\"max_position_embeddings\": 65536");
    ASSERT_NE(text, longer);
    ASSERT_TRUE(QFile::remove(to.filePath(QStringLiteral("config.json"))));
    QFile changed(to.filePath(QStringLiteral("config.json")));
    ASSERT_TRUE(changed.open(QIODevice::WriteOnly));
    ASSERT_EQ(changed.write(longer), longer.size());
  }

  void TearDown() override {
    for (QProcess* process : {&program_, &display_}) {
      process->kill();
      process->waitForFinished();
    }
  }

  void start() {
    program_.setProcessEnvironment(environment_);
    program_.setProcessChannelMode(QProcess::ForwardedChannels);
    program_.start(QStringLiteral(QUERN_PROGRAM), {home_.filePath(QStringLiteral("tiny-chat"))});
    ASSERT_TRUE(program_.waitForStarted());
    ASSERT_TRUE(eventually([&] {
      return xdotool({QStringLiteral("search"), QStringLiteral("--onlyvisible"),
                      QStringLiteral("--name"), QStringLiteral("Quern")});
    }));
    // Without a window manager nobody hands out the focus.
    ASSERT_TRUE(eventually([&] {
      return xdotool({QStringLiteral("search"), QStringLiteral("--onlyvisible"),
                      QStringLiteral("--name"), QStringLiteral("Quern"),
                      QStringLiteral("windowfocus")});
    }));
    ASSERT_TRUE(eventually([&] {
      return QFile::exists(home_.filePath(QStringLiteral("config/quern/quern.conf")));
    })) << "the model was not loaded";
  }

  bool xdotool(const QStringList& arguments) {
    QProcess process;
    process.setProcessEnvironment(environment_);
    process.start(QStringLiteral("xdotool"), arguments);
    return process.waitForFinished() && process.exitCode() == 0;
  }

  void type(const QString& text) { ASSERT_TRUE(xdotool({QStringLiteral("type"), text})); }
  void key(const QString& name) { ASSERT_TRUE(xdotool({QStringLiteral("key"), name})); }

  std::vector<Message> stored() {
    try {
      ChatDatabase database(home_.filePath(QStringLiteral("data/quern/chats.db")));
      const auto chats = database.chats();
      return chats.empty() ? std::vector<Message>{} : database.messages(chats.front().id);
    } catch (const StorageError&) {
      return {};  // the program is just making it
    }
  }

  QTemporaryDir home_;
  QProcessEnvironment environment_;
  QProcess display_;
  QProcess program_;
};

TEST_F(WindowTest, AChatIsAnsweredAndOutlivesAKill) {
  start();
  type(QStringLiteral("Say something short"));
  key(QStringLiteral("Return"));
  ASSERT_TRUE(eventually([&] {
    const auto messages = stored();
    return messages.size() == 2 && messages[1].state != MessageState::Waiting &&
           messages[1].state != MessageState::Generating;
  }));
  const auto answered = stored();
  EXPECT_EQ(answered[0].text, QStringLiteral("Say something short"));
  EXPECT_EQ(answered[1].error, QString());
  EXPECT_GT(answered[1].tokens, 0);

  // An answer without an end, killed in its middle.
  type(QStringLiteral("Go on for ever"));
  key(QStringLiteral("Return"));
  const bool writing = eventually([&] { return stored().size() == 4; });
  ASSERT_TRUE(writing);
  program_.kill();
  program_.waitForFinished();
  const auto killed = stored();
  ASSERT_EQ(killed.size(), 4u);
  EXPECT_EQ(killed[2].text, QStringLiteral("Go on for ever"));
  EXPECT_TRUE(killed[3].state == MessageState::Interrupted || killed[3].state == MessageState::Done)
      << killed[3].state;

  // What was said is there again, and can be gone on with.
  start();
  key(QStringLiteral("ctrl+Next"));
  QThread::msleep(500);
  type(QStringLiteral("Still there?"));
  key(QStringLiteral("Return"));
  EXPECT_TRUE(eventually([&] {
    const auto messages = stored();
    return messages.size() == 6 && messages[4].text == QStringLiteral("Still there?");
  }));
  EXPECT_EQ(program_.state(), QProcess::Running);
}

}  // namespace
}  // namespace quern::app

int main(int argc, char* argv[]) {
  testing::InitGoogleTest(&argc, argv);
  QCoreApplication application(argc, argv);
  return RUN_ALL_TESTS();
}
