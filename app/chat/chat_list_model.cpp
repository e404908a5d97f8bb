#include "app/chat/chat_list_model.h"

#include <algorithm>

namespace quern::app {
namespace {

constexpr int search_delay_ms = 150;

auto byId(const QString& id) {
  return [id](const ChatRecord& chat) { return chat.id == id; };
}

}  // namespace

ChatListModel::ChatListModel(ChatStore& store, QObject* parent)
    : QAbstractListModel(parent), store_(store) {
  search_.setSingleShot(true);
  search_.setInterval(search_delay_ms);
  connect(&search_, &QTimer::timeout, this, [this] {
    store_.search(filter_, [this, asked = filter_](const QStringList& found) {
      if (asked != filter_) return;
      found_ = found;
      refilter();
    });
  });
}

void ChatListModel::setFilter(const QString& filter) {
  if (filter_ == filter) return;
  filter_ = filter;
  found_.clear();
  if (filter_.trimmed().isEmpty()) {
    search_.stop();
  } else {
    search_.start();
  }
  refilter();
  Q_EMIT filterChanged();
}

bool ChatListModel::matches(const ChatRecord& chat) const {
  const QString wanted = filter_.trimmed();
  return wanted.isEmpty() || chat.title.contains(wanted, Qt::CaseInsensitive) ||
         found_.contains(chat.id);
}

void ChatListModel::refilter() {
  std::vector<QString> rows;
  for (const ChatRecord& chat : chats_) {
    if (matches(chat)) rows.push_back(chat.id);
  }
  if (rows == rows_) return;
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
  Q_EMIT countChanged();
}

void ChatListModel::reset(std::vector<ChatRecord> chats) {
  beginResetModel();
  chats_ = std::move(chats);
  rows_.clear();
  for (const ChatRecord& chat : chats_) {
    if (matches(chat)) rows_.push_back(chat.id);
  }
  endResetModel();
  Q_EMIT countChanged();
}

void ChatListModel::put(const ChatRecord& chat) {
  const auto known = std::find_if(chats_.begin(), chats_.end(), byId(chat.id));
  if (known != chats_.end()) {
    const bool stays = known->updated == chat.updated;
    *known = chat;
    if (stays) {
      if (const int at = row(chat.id); at >= 0) Q_EMIT dataChanged(index(at), index(at));
      return;
    }
  } else {
    chats_.push_back(chat);
  }
  std::stable_sort(chats_.begin(), chats_.end(),
                   [](const ChatRecord& a, const ChatRecord& b) { return a.updated > b.updated; });
  const int from = row(chat.id);
  int to = 0;
  for (const ChatRecord& other : chats_) {
    if (other.id == chat.id) break;
    if (row(other.id) >= 0) ++to;
  }
  if (from < 0) {
    if (matches(chat)) {
      beginInsertRows({}, to, to);
      rows_.insert(rows_.begin() + to, chat.id);
      endInsertRows();
    }
    Q_EMIT countChanged();
    return;
  }
  if (from != to) {
    beginMoveRows({}, from, from, {}, to > from ? to + 1 : to);
    rows_.erase(rows_.begin() + from);
    rows_.insert(rows_.begin() + to, chat.id);
    endMoveRows();
  }
  Q_EMIT dataChanged(index(to), index(to));
}

std::optional<ChatRecord> ChatListModel::take(const QString& id) {
  const auto known = std::find_if(chats_.begin(), chats_.end(), byId(id));
  if (known == chats_.end()) return std::nullopt;
  ChatRecord chat = *known;
  chats_.erase(known);
  if (const int at = row(id); at >= 0) {
    beginRemoveRows({}, at, at);
    rows_.erase(rows_.begin() + at);
    endRemoveRows();
  }
  Q_EMIT countChanged();
  return chat;
}

std::optional<ChatRecord> ChatListModel::find(const QString& id) const {
  const auto known = std::find_if(chats_.begin(), chats_.end(), byId(id));
  if (known == chats_.end()) return std::nullopt;
  return *known;
}

int ChatListModel::row(const QString& id) const {
  const auto found = std::find(rows_.begin(), rows_.end(), id);
  return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

QString ChatListModel::chatAt(int row) const {
  return row >= 0 && row < count() ? rows_[static_cast<size_t>(row)] : QString();
}

int ChatListModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : count();
}

QVariant ChatListModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto chat =
      std::find_if(chats_.begin(), chats_.end(), byId(rows_[static_cast<size_t>(index.row())]));
  switch (role) {
    case ChatIdRole:
      return chat->id;
    case TitleRole:
      return chat->title;
    case AgeRole: {
      const auto days = chat->updated.date().daysTo(QDate::currentDate());
      if (days < 1) return tr("Today");
      if (days < 2) return tr("Yesterday");
      if (days < 8) return tr("Last 7 days");
      return days < 31 ? tr("Last 30 days") : tr("Older");
    }
    default:
      return {};
  }
}

QHash<int, QByteArray> ChatListModel::roleNames() const {
  return {{ChatIdRole, "chatId"}, {TitleRole, "title"}, {AgeRole, "age"}};
}

}  // namespace quern::app
