#include "app/chat/conversation_model.h"

#include <algorithm>

#include <QLocale>

namespace quern::app {
namespace {

QString kindName(MarkdownBlock::Kind kind) {
  switch (kind) {
    case MarkdownBlock::Kind::paragraph:
      return QStringLiteral("text");
    case MarkdownBlock::Kind::heading:
      return QStringLiteral("heading");
    case MarkdownBlock::Kind::code:
      return QStringLiteral("code");
    case MarkdownBlock::Kind::table:
      return QStringLiteral("table");
    case MarkdownBlock::Kind::rule:
      return QStringLiteral("rule");
  }
  return {};
}

}  // namespace

ConversationModel::ConversationModel(QObject* parent) : QAbstractListModel(parent) {}

bool ConversationModel::isOpen(const Message& message) {
  return message.state == MessageState::Waiting || message.state == MessageState::Generating;
}

ConversationModel::Entry ConversationModel::entryOf(const Message& message) {
  Entry entry;
  entry.message = message;
  if (message.role == app::Role::user) return entry;
  const bool end = !isOpen(message);
  auto part = entry.splitter.append(message.text);
  if (end) {
    const auto rest = entry.splitter.finish();
    part.reasoning += rest.reasoning;
    part.answer += rest.answer;
  }
  entry.reasoning = part.reasoning;
  entry.has_reasoning = entry.splitter.isReasoning() || !part.reasoning.trimmed().isEmpty();
  entry.markdown.append(part.answer);
  if (end) entry.markdown.finish();
  entry.blocks = entry.markdown.blocks();
  return entry;
}

std::vector<Message> ConversationModel::messages(int first) const {
  std::vector<Message> all;
  for (auto i = static_cast<size_t>(first); i < entries_.size(); ++i)
    all.push_back(entries_[i].message);
  return all;
}

int ConversationModel::position(const QString& id) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.message.id == id; });
  return found == entries_.end() ? -1 : static_cast<int>(found - entries_.begin());
}

void ConversationModel::reset(const std::vector<Message>& messages) {
  beginResetModel();
  entries_.clear();
  int row = 0;
  for (const Message& message : messages) {
    entries_.push_back(entryOf(message));
    entries_.back().first_row = row;
    row += entries_.back().rowCount();
  }
  endResetModel();
  Q_EMIT messageCountChanged();
}

void ConversationModel::append(const Message& message) {
  Entry entry = entryOf(message);
  entry.first_row = rowCount();
  beginInsertRows({}, entry.first_row, entry.first_row + entry.rowCount() - 1);
  entries_.push_back(std::move(entry));
  endInsertRows();
  markLast();
  Q_EMIT messageCountChanged();
}

std::vector<Message> ConversationModel::truncate(int position) {
  if (position >= messageCount()) return {};
  auto removed = messages(position);
  beginRemoveRows({}, entries_[static_cast<size_t>(position)].first_row, rowCount() - 1);
  entries_.resize(static_cast<size_t>(position));
  endRemoveRows();
  markLast();
  Q_EMIT messageCountChanged();
  return removed;
}

// Which message is the last one shows in the rows of the last two.
void ConversationModel::markLast() {
  if (entries_.empty()) return;
  const auto from = entries_.size() < 2 ? 0 : entries_.size() - 2;
  Q_EMIT dataChanged(index(entries_[from].first_row), index(rowCount() - 1), {LastRole});
}

void ConversationModel::appendText(QStringView text) {
  Entry& entry = entries_.back();
  entry.message.text += text;
  show(entry, entry.splitter.append(text), false);
}

void ConversationModel::updateLast(const Message& message) {
  Entry& entry = entries_.back();
  const bool ended = isOpen(entry.message) && !isOpen(message);
  QString text = std::move(entry.message.text);
  entry.message = message;
  entry.message.text = std::move(text);
  if (ended) show(entry, entry.splitter.finish(), true);
  const int footer = rowCount() - 1;
  Q_EMIT dataChanged(index(footer), index(footer));
}

void ConversationModel::show(Entry& entry, const ReasoningSplitter::Part& part, bool end) {
  if (!entry.has_reasoning &&
      (entry.splitter.isReasoning() || !part.reasoning.trimmed().isEmpty())) {
    beginInsertRows({}, entry.first_row, entry.first_row);
    entry.has_reasoning = true;
    endInsertRows();
  }
  if (entry.has_reasoning) {
    entry.reasoning += part.reasoning;
    Q_EMIT dataChanged(index(entry.first_row), index(entry.first_row), {TextRole, ReasoningRole});
  }
  size_t changed = entry.markdown.append(part.answer);
  if (end) changed = std::min(changed, entry.markdown.finish());
  showBlocks(entry, changed);
}

// A view keeps the delegate of a row as long as the row lives, so a block that becomes another kind
// (a paragraph that turns out to be a table's head) is another row.
void ConversationModel::showBlocks(Entry& entry, size_t changed) {
  const auto& now = entry.markdown.blocks();
  auto& shown = entry.blocks;
  const int first_block = entry.first_row + (entry.has_reasoning ? 1 : 0);
  size_t kept = changed;
  while (kept < shown.size() && kept < now.size() && shown[kept].kind == now[kept].kind) {
    shown[kept] = now[kept];
    ++kept;
  }
  if (kept > changed) {
    Q_EMIT dataChanged(index(first_block + static_cast<int>(changed)),
                       index(first_block + static_cast<int>(kept) - 1));
  }
  if (kept < shown.size()) {
    beginRemoveRows({}, first_block + static_cast<int>(kept), first_block + entry.blockCount() - 1);
    shown.resize(kept);
    endRemoveRows();
  }
  if (kept < now.size()) {
    beginInsertRows({}, first_block + static_cast<int>(kept),
                    first_block + static_cast<int>(now.size()) - 1);
    shown.insert(shown.end(), now.begin() + static_cast<std::ptrdiff_t>(kept), now.end());
    endInsertRows();
  }
}

int ConversationModel::rowCount(const QModelIndex& parent) const {
  if (parent.isValid() || entries_.empty()) return 0;
  return entries_.back().first_row + entries_.back().rowCount();
}

const ConversationModel::Entry& ConversationModel::entryAt(int row) const {
  const auto after =
      std::upper_bound(entries_.begin(), entries_.end(), row,
                       [](int value, const Entry& entry) { return value < entry.first_row; });
  return *std::prev(after);
}

QVariant ConversationModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Entry& entry = entryAt(index.row());
  const Message& message = entry.message;
  switch (role) {
    case MessageIdRole:
      return message.id;
    case StateRole:
      return message.state;
    case ErrorRole:
      return message.error;
    case AdviceRole:
      return message.advice;
    case LastRole:
      return &entry == &entries_.back();
    case ReasoningRole:
      return entry.splitter.isReasoning() && isOpen(message);
    case AnswerRole:
      return message.text;
    case FiguresRole: {
      QStringList figures;
      if (!message.model.isEmpty()) figures << message.model;
      if (message.tokens > 0) figures << tr("%1 tokens").arg(QLocale().toString(message.tokens));
      if (message.tokens_per_second > 0) {
        figures << tr("%1 tokens/s").arg(QLocale().toString(message.tokens_per_second, 'f', 1));
      }
      return figures.join(QStringLiteral(" · "));
    }
    default:
      break;
  }
  const int row = index.row() - entry.first_row;
  if (message.role == app::Role::user) {
    if (role == KindRole) return QStringLiteral("user");
    return role == TextRole ? QVariant(message.text) : blockData({}, role);
  }
  if (entry.has_reasoning && row == 0) {
    if (role == KindRole) return QStringLiteral("reasoning");
    return role == TextRole ? QVariant(entry.reasoning) : blockData({}, role);
  }
  const int block = row - (entry.has_reasoning ? 1 : 0);
  if (block == entry.blockCount())
    return role == KindRole ? QVariant(QStringLiteral("footer")) : blockData({}, role);
  return blockData(entry.blocks[static_cast<size_t>(block)], role);
}

QVariant ConversationModel::blockData(const MarkdownBlock& block, int role) const {
  switch (role) {
    case KindRole:
      return kindName(block.kind);
    case TextRole:
      return block.text;
    case PlainRole:
      return block.plain;
    case LanguageRole:
      return block.language;
    case HeadingLevelRole:
      return block.heading_level;
    case ListDepthRole:
      return block.list_depth;
    case QuoteDepthRole:
      return block.quote_depth;
    case TightRole:
      return block.tight;
    case MarkerRole:
      return block.marker;
    default:
      return {};
  }
}

QHash<int, QByteArray> ConversationModel::roleNames() const {
  return {{KindRole, "kind"},           {MessageIdRole, "messageId"},
          {TextRole, "text"},           {PlainRole, "plain"},
          {LanguageRole, "language"},   {HeadingLevelRole, "headingLevel"},
          {ListDepthRole, "listDepth"}, {QuoteDepthRole, "quoteDepth"},
          {TightRole, "tight"},         {MarkerRole, "marker"},
          {StateRole, "messageState"},  {ErrorRole, "error"},
          {AdviceRole, "advice"},       {FiguresRole, "figures"},
          {LastRole, "isLast"},         {ReasoningRole, "isReasoning"},
          {AnswerRole, "answer"}};
}

}  // namespace quern::app
