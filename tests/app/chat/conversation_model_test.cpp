#include "app/chat/conversation_model.h"

#include <random>

#include <gtest/gtest.h>
#include <QAbstractItemModelTester>
#include <QFile>

namespace quern::app {
namespace {

Message answer(const QString& id, const QString& text, MessageState::Value state) {
  Message message;
  message.id = id;
  message.role = Role::assistant;
  message.text = text;
  message.state = state;
  return message;
}

Message question(const QString& id) {
  Message message;
  message.id = id;
  message.text = QStringLiteral("q");
  return message;
}

QStringList kinds(const ConversationModel& model) {
  QStringList all;
  for (int row = 0; row < model.rowCount(); ++row) {
    all << model.data(model.index(row), ConversationModel::KindRole).toString();
  }
  return all;
}

TEST(ConversationModel, StreamedRowsEqualThoseOfTheWholeText) {
  QFile file(QStringLiteral(QUERN_TEST_DATA "/markdown/everything.md"));
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  const QString text =
      QStringLiteral("<think>\nLet me see.\n</think>\n\n") + QString::fromUtf8(file.readAll());
  ConversationModel whole;
  whole.reset(
      {question(QStringLiteral("1")), answer(QStringLiteral("2"), text, MessageState::Done)});
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    ConversationModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    // A view follows only the signals: this mirror of the kinds must too.
    QStringList mirror;
    QObject::connect(&model, &QAbstractItemModel::rowsInserted, &model,
                     [&](const QModelIndex&, int first, int last) {
                       for (int row = first; row <= last; ++row)
                         mirror.insert(row, kinds(model).at(row));
                     });
    QObject::connect(&model, &QAbstractItemModel::rowsRemoved, &model,
                     [&](const QModelIndex&, int first, int last) {
                       mirror.erase(mirror.begin() + first, mirror.begin() + last + 1);
                     });
    model.append(question(QStringLiteral("1")));
    model.append(answer(QStringLiteral("2"), {}, MessageState::Waiting));
    for (qsizetype at = 0; at < text.size();) {
      const auto size = 1 + static_cast<qsizetype>(random() % 40);
      model.appendText(QStringView(text).mid(at, size));
      at += size;
    }
    model.updateLast(answer(QStringLiteral("2"), {}, MessageState::Done));
    ASSERT_EQ(kinds(model), kinds(whole));
    ASSERT_EQ(mirror, kinds(whole));
    for (int row = 0; row < model.rowCount(); ++row) {
      for (const int role : {ConversationModel::TextRole, ConversationModel::MarkerRole,
                             ConversationModel::TightRole}) {
        ASSERT_EQ(model.data(model.index(row), role), whole.data(whole.index(row), role)) << row;
      }
    }
    EXPECT_EQ(model.message(1).text, text);
  }
}

TEST(ConversationModel, ArrivingTextTouchesOnlyTheLastBlock) {
  ConversationModel model;
  model.append(question(QStringLiteral("1")));
  model.append(answer(QStringLiteral("2"), {}, MessageState::Waiting));
  model.appendText(u"- one\n- two\n- three");
  int first = -1;
  int last = -1;
  QObject::connect(&model, &QAbstractItemModel::dataChanged, &model,
                   [&](const QModelIndex& from, const QModelIndex& to) {
                     first = from.row();
                     last = to.row();
                   });
  model.appendText(u" and more");
  EXPECT_EQ(first, 3);
  EXPECT_EQ(last, 3);
}

TEST(ConversationModel, TruncatingReturnsWhatIsTaken) {
  ConversationModel model;
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  const std::vector<Message> messages{
      question(QStringLiteral("1")),
      answer(QStringLiteral("2"), QStringLiteral("a\n\nb"), MessageState::Done),
      question(QStringLiteral("3"))};
  model.reset(messages);
  const auto taken = model.truncate(1);
  EXPECT_EQ(taken, (std::vector<Message>{messages[1], messages[2]}));
  EXPECT_EQ(kinds(model), QStringList{QStringLiteral("user")});
  EXPECT_TRUE(model.data(model.index(0), ConversationModel::LastRole).toBool());
}

}  // namespace
}  // namespace quern::app
