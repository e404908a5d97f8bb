#include "app/chat/chat_session.h"

#include <gtest/gtest.h>
#include <QClipboard>
#include <QFile>
#include <QGuiApplication>
#include <QTemporaryDir>
#include <QTest>

#include "tests/fake/scripted_backend.h"

namespace quern::app {
namespace {

class ChatSessionTest : public testing::Test {
 protected:
  void SetUp() override { start(); }

  void start(const QString& file = {}) {
    session.reset();
    store.reset();
    store = std::make_unique<ChatStore>(file.isEmpty() ? folder.filePath(QStringLiteral("chats.db"))
                                                       : file);
    backend = std::make_unique<tests::ScriptedBackend>();
    session = std::make_unique<ChatSession>(*backend, *store);
    session->model()->load(QStringLiteral("/models/tiny"));
    ASSERT_TRUE(QTest::qWaitFor([&] { return session->canSend(); }));
  }

  void ask(const QString& text) {
    ASSERT_TRUE(session->send(text));
    idle();
  }

  void idle() {
    ASSERT_TRUE(QTest::qWaitFor([&] { return !session->run()->isActive(); }));
  }

  bool reach(AnswerRun::State state) {
    return QTest::qWaitFor([&] { return session->run()->state() == state; });
  }

  const Message& last() {
    ConversationModel& messages = *session->current()->messages();
    return messages.message(messages.messageCount() - 1);
  }

  int count() { return session->current()->messages()->messageCount(); }

  QTemporaryDir folder;
  std::unique_ptr<tests::ScriptedBackend> backend;
  std::unique_ptr<ChatStore> store;
  std::unique_ptr<ChatSession> session;
};

TEST_F(ChatSessionTest, AsksAnswersAndKeeps) {
  session->current()->settings()->setSystemPrompt(QStringLiteral("Be brief."));
  ask(QStringLiteral("  What is a quern?\n"));
  EXPECT_EQ(last().text, backend->answer);
  EXPECT_EQ(last().state, MessageState::Done);
  EXPECT_EQ(last().model, QStringLiteral("Quern Tiny"));
  EXPECT_EQ(backend->requests[0].turns,
            (std::vector<ChatTurn>{{Role::user, QStringLiteral("What is a quern?")}}));
  EXPECT_EQ(backend->requests[0].settings.system_prompt, QStringLiteral("Be brief."));
  EXPECT_GT(session->current()->contextUsed(), 0);
  const QString id = session->current()->chatId();
  start();
  ASSERT_TRUE(QTest::qWaitFor([&] { return session->chats()->count() == 1; }));
  EXPECT_EQ(count(), 0);
  session->open(id);
  ASSERT_TRUE(QTest::qWaitFor([&] { return count() == 2; }));
  EXPECT_EQ(session->current()->title(), QStringLiteral("What is a quern?"));
  EXPECT_EQ(session->current()->settings()->systemPrompt(), QStringLiteral("Be brief."));
}

TEST_F(ChatSessionTest, TheQuestionIsOnDiskBeforeTheModelIsAsked) {
  backend->prefill_steps = 1000000;
  session->send(QStringLiteral("Remember me"));
  ASSERT_TRUE(QTest::qWaitFor([&] { return backend->requestCount() == 1; }));
  ChatDatabase other(folder.filePath(QStringLiteral("chats.db")));
  const auto messages = other.messages(session->current()->chatId());
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].text, QStringLiteral("Remember me"));
  EXPECT_EQ(messages[1].state, MessageState::Waiting);
}

TEST_F(ChatSessionTest, AnAnswerIsCheckpointedWhileItIsWritten) {
  backend->answer = QString(100000, u'x');
  backend->characters_per_step = 1;
  session->send(QStringLiteral("Go"));
  const auto stored = [&] {
    ChatDatabase other(folder.filePath(QStringLiteral("chats.db")));
    const auto messages = other.messages(session->current()->chatId());
    return messages.size() == 2 && messages[1].state == MessageState::Generating &&
           !messages[1].text.isEmpty();
  };
  EXPECT_TRUE(QTest::qWaitFor(stored, 3000));
}

TEST_F(ChatSessionTest, StopKeepsWhatIsThere) {
  backend->answer = QString(100000, u'x');
  session->send(QStringLiteral("Go"));
  ASSERT_TRUE(reach(AnswerRun::Generating));
  session->stop();
  EXPECT_EQ(session->run()->state(), AnswerRun::Stopping);
  idle();
  EXPECT_EQ(last().state, MessageState::Cancelled);
  EXPECT_FALSE(last().text.isEmpty());
}

TEST_F(ChatSessionTest, StopBeforeTheModelIsAsked) {
  session->send(QStringLiteral("Go"));
  session->stop();
  idle();
  EXPECT_EQ(last().state, MessageState::Cancelled);
  EXPECT_EQ(backend->requestCount(), 0);
}

TEST_F(ChatSessionTest, ContinueGoesOnWithTheSameAnswer) {
  backend->answer = QStringLiteral("one two three");
  ask(QStringLiteral("Count"));
  const QString id = last().id;
  session->continueAnswer();
  idle();
  EXPECT_TRUE(backend->requests[1].continue_last);
  EXPECT_EQ(backend->requests[1].turns.back().text, QStringLiteral("one two three"));
  EXPECT_EQ(last().id, id);
  EXPECT_EQ(last().text, QStringLiteral("one two threeone two three"));
}

TEST_F(ChatSessionTest, RegenerateReplacesTheAnswerAndCanBeUndone) {
  ask(QStringLiteral("One"));
  const Message before = last();
  backend->answer = QStringLiteral("Another.");
  session->regenerate();
  idle();
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(last().text, QStringLiteral("Another."));
  EXPECT_EQ(backend->requests[1].turns.size(), 1u);
  session->undoStack()->undo();
  EXPECT_EQ(last(), before);
}

TEST_F(ChatSessionTest, EditReplacesWhatFollowsAndCanBeUndone) {
  ask(QStringLiteral("One"));
  ask(QStringLiteral("Two"));
  const auto before = session->current()->messages()->messages();
  session->edit(before[0].id);
  EXPECT_EQ(session->current()->draft(), QStringLiteral("One"));
  ask(QStringLiteral("One, again"));
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(session->editedMessage(), QString());
  session->undoStack()->undo();
  EXPECT_EQ(session->current()->messages()->messages(), before);
  const QString id = session->current()->chatId();
  start();
  ASSERT_TRUE(QTest::qWaitFor([&] { return session->chats()->count() == 1; }));
  session->open(id);
  ASSERT_TRUE(QTest::qWaitFor([&] { return count() == 4; }));
}

TEST_F(ChatSessionTest, UndoDuringTheAnswerItReplaces) {
  ask(QStringLiteral("One"));
  const auto before = session->current()->messages()->messages();
  backend->answer = QString(100000, u'x');
  session->regenerate();
  ASSERT_TRUE(reach(AnswerRun::Generating));
  session->undoStack()->undo();
  EXPECT_EQ(session->current()->messages()->messages(), before);
  idle();
  EXPECT_EQ(session->current()->messages()->messages(), before);
}

TEST_F(ChatSessionTest, AFailureIsShownAndRetried) {
  backend->failure = QStringLiteral("[eval] out of memory");
  ask(QStringLiteral("One"));
  EXPECT_EQ(last().state, MessageState::Failed);
  EXPECT_EQ(last().error, QStringLiteral("[eval] out of memory"));
  EXPECT_EQ(last().advice, QStringLiteral("Try again."));
  backend->failure.clear();
  session->regenerate();
  idle();
  EXPECT_EQ(last().state, MessageState::Done);
  EXPECT_EQ(last().error, QString());
}

TEST_F(ChatSessionTest, ReasoningIsNotSentBack) {
  backend->answer = QStringLiteral("<think>hm</think>Yes.");
  ask(QStringLiteral("One"));
  ask(QStringLiteral("Two"));
  EXPECT_EQ(backend->requests[1].turns[1].text, QStringLiteral("Yes."));
  session->copyLastAnswer();
  EXPECT_EQ(QGuiApplication::clipboard()->text(), QStringLiteral("Yes."));
}

TEST_F(ChatSessionTest, AnotherChatCanBeReadWhileOneIsAnswered) {
  ask(QStringLiteral("First"));
  const QString first = session->current()->chatId();
  session->newChat();
  backend->answer = QString(200, u'x');
  session->send(QStringLiteral("Second"));
  ASSERT_TRUE(reach(AnswerRun::Generating));
  const QString second = session->current()->chatId();
  session->open(first);
  EXPECT_FALSE(session->isAnsweringHere());
  EXPECT_FALSE(session->canSend());
  idle();
  session->open(second);
  ASSERT_TRUE(QTest::qWaitFor([&] { return count() == 2; }));
  EXPECT_EQ(last().text, backend->answer);
}

TEST_F(ChatSessionTest, DeleteOpensTheNextAndUndoBringsItBack) {
  ask(QStringLiteral("First"));
  session->newChat();
  ask(QStringLiteral("Second"));
  const QString second = session->current()->chatId();
  session->remove(second);
  EXPECT_EQ(session->chats()->count(), 1);
  EXPECT_NE(session->current()->chatId(), second);
  EXPECT_EQ(session->undoStack()->text(), QStringLiteral("Deleted “Second”"));
  session->undoStack()->undo();
  EXPECT_EQ(session->chats()->count(), 2);
  EXPECT_EQ(session->current()->chatId(), second);
  ASSERT_TRUE(QTest::qWaitFor([&] { return count() == 2; }));
}

TEST_F(ChatSessionTest, DeletingTheChatThatIsAnswered) {
  backend->answer = QString(100000, u'x');
  session->send(QStringLiteral("Only"));
  ASSERT_TRUE(reach(AnswerRun::Generating));
  session->remove(session->current()->chatId());
  idle();
  EXPECT_EQ(session->chats()->count(), 0);
  EXPECT_EQ(count(), 0);
}

TEST_F(ChatSessionTest, RenameAndUndo) {
  ask(QStringLiteral("First"));
  const QString id = session->current()->chatId();
  session->rename(id, QStringLiteral("  Bread \n and butter "));
  EXPECT_EQ(session->current()->title(), QStringLiteral("Bread and butter"));
  session->rename(id, QStringLiteral(" "));
  EXPECT_EQ(session->current()->title(), QStringLiteral("Bread and butter"));
  session->undoStack()->undo();
  EXPECT_EQ(session->chats()->find(id)->title, QStringLiteral("First"));
}

TEST_F(ChatSessionTest, SearchFindsTitlesAndMessages) {
  backend->answer = QStringLiteral("Millstones are dressed with a bill.");
  ask(QStringLiteral("First"));
  session->newChat();
  backend->answer = QStringLiteral("No.");
  ask(QStringLiteral("Second"));
  session->chats()->setFilter(QStringLiteral("SECOND"));
  EXPECT_EQ(session->chats()->count(), 1);
  session->chats()->setFilter(QStringLiteral("dressed"));
  EXPECT_TRUE(QTest::qWaitFor([&] { return session->chats()->count() == 1; }));
  session->chats()->setFilter({});
  EXPECT_EQ(session->chats()->count(), 2);
}

TEST_F(ChatSessionTest, WithoutADiskTheChatGoesOnInMemory) {
  QFile blocker(folder.filePath(QStringLiteral("blocker")));
  ASSERT_TRUE(blocker.open(QIODevice::WriteOnly));
  start(blocker.fileName() + QStringLiteral("/chats.db"));
  ask(QStringLiteral("One"));
  EXPECT_EQ(last().text, backend->answer);
  EXPECT_TRUE(session->storageError().contains(blocker.fileName()));
  ASSERT_TRUE(blocker.remove());
  session->retryStorage();
  ASSERT_TRUE(QTest::qWaitFor([&] { return session->storageError().isEmpty(); }));
  EXPECT_TRUE(QTest::qWaitFor([&] {
    ChatDatabase other(blocker.fileName() + QStringLiteral("/chats.db"));
    return other.messages(session->current()->chatId()).size() == 2;
  }));
}

TEST_F(ChatSessionTest, AnInterruptedAnswerIsOpenedAfterARestart) {
  {
    ChatDatabase other(folder.filePath(QStringLiteral("chats.db")));
    ChatRecord record;
    record.id = QStringLiteral("x");
    record.title = QStringLiteral("Cut off");
    record.updated = QDateTime::currentDateTime();
    Message half;
    half.id = QStringLiteral("m");
    half.role = Role::assistant;
    half.text = QStringLiteral("half");
    half.state = MessageState::Generating;
    half.created = record.updated;
    other.save(record, 0, {half});
  }
  start();
  ASSERT_TRUE(QTest::qWaitFor(
      [&] { return session->current()->chatId() == QStringLiteral("x") && count() == 1; }));
  EXPECT_EQ(last().state, MessageState::Interrupted);
}

TEST_F(ChatSessionTest, AModelThatCannotBeLoadedSaysWhy) {
  backend->load_failure = QStringLiteral("[LanguageModel] /models/bad: there is no config.json");
  session->model()->load(QStringLiteral("/models/bad"));
  EXPECT_EQ(session->model()->state(), ModelSlot::Loading);
  EXPECT_FALSE(session->send(QStringLiteral("x")));
  ASSERT_TRUE(QTest::qWaitFor([&] { return session->model()->state() == ModelSlot::Error; }));
  EXPECT_EQ(session->model()->error(), backend->load_failure);
  EXPECT_EQ(session->model()->advice(), QStringLiteral("Choose another folder."));
}

}  // namespace
}  // namespace quern::app
