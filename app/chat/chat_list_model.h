#pragma once

#include <optional>
#include <vector>

#include <QtQml/qqmlregistration.h>
#include <QAbstractListModel>
#include <QTimer>

#include "app/chat/chat_store.h"

namespace quern::app {

/// The past chats for the side bar, last used first, grouped by age, narrowed by a search in titles
/// and messages. GUI thread.
class ChatListModel : public QAbstractListModel {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Belongs to a chat session.")
  Q_PROPERTY(QString filter READ filter WRITE setFilter NOTIFY filterChanged)
  Q_PROPERTY(int count READ count NOTIFY countChanged)
  /// How many chats there are in all, found or not.
  Q_PROPERTY(int total READ total NOTIFY countChanged)

 public:
  enum Role { ChatIdRole = Qt::UserRole, TitleRole, AgeRole };

  explicit ChatListModel(ChatStore& store, QObject* parent = nullptr);

  QString filter() const { return filter_; }
  /// Titles are searched at once, messages a moment later.
  void setFilter(const QString& filter);

  int count() const { return static_cast<int>(rows_.size()); }
  int total() const { return static_cast<int>(chats_.size()); }

  void reset(std::vector<ChatRecord> chats);
  /// Adds or replaces a chat; it moves to the place its time gives it.
  void put(const ChatRecord& chat);
  std::optional<ChatRecord> take(const QString& id);
  std::optional<ChatRecord> find(const QString& id) const;

  Q_INVOKABLE int row(const QString& id) const;
  /// The chat at a row; empty outside.
  Q_INVOKABLE QString chatAt(int row) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

 Q_SIGNALS:
  void filterChanged();
  void countChanged();

 private:
  bool matches(const ChatRecord& chat) const;
  void refilter();

  ChatStore& store_;
  std::vector<ChatRecord> chats_;  ///< all, last used first
  std::vector<QString> rows_;      ///< ids of those that show
  QString filter_;
  QStringList found_;  ///< chats whose messages match the filter
  QTimer search_;
};

}  // namespace quern::app
