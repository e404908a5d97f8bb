#pragma once

#include <vector>

#include <QtQml/qqmlregistration.h>
#include <QAbstractListModel>

#include "app/chat/message.h"
#include "app/markdown/reasoning.h"
#include "app/markdown/stream.h"

namespace quern::app {

/// A conversation as the rows that the chat page draws: one for a user's message; for an answer one
/// for its reasoning if it has any, one per Markdown block, and a footer with its state and
/// figures. So a long answer costs no more than what is visible of it, and arriving text touches
/// only the last block's row. GUI thread.
class ConversationModel : public QAbstractListModel {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Belongs to a conversation.")
  Q_PROPERTY(int messageCount READ messageCount NOTIFY messageCountChanged)

 public:
  enum Role {
    KindRole = Qt::UserRole,  ///< "user", "reasoning", "text", "heading", "code", "table", "rule"
                              ///< or "footer"
    MessageIdRole,
    TextRole,      ///< user: as typed; reasoning: Markdown; code: plain; other blocks: rich text
    PlainRole,     ///< the text without markup
    LanguageRole,  ///< of code
    HeadingLevelRole,  ///< 1 to 6
    ListDepthRole,
    QuoteDepthRole,
    TightRole,
    MarkerRole,
    StateRole,  ///< MessageState, of the message the row belongs to
    ErrorRole,
    AdviceRole,
    FiguresRole,    ///< "Qwen3 0.6B · 214 tokens · 38.2 tokens/s"
    LastRole,       ///< belongs to the last message
    ReasoningRole,  ///< the reasoning is still going on
    AnswerRole,     ///< the whole message as Markdown, for the clipboard and the screen reader
  };
  Q_ENUM(Role)

  explicit ConversationModel(QObject* parent = nullptr);

  int messageCount() const { return static_cast<int>(entries_.size()); }
  const Message& message(int position) const {
    return entries_[static_cast<size_t>(position)].message;
  }
  std::vector<Message> messages(int first = 0) const;
  /// -1 when there is none.
  int position(const QString& id) const;

  void reset(const std::vector<Message>& messages);
  void append(const Message& message);
  /// Takes away the messages from `position` on, and returns them.
  std::vector<Message> truncate(int position);
  /// Adds to the last message's text.
  void appendText(QStringView text);
  /// Replaces everything but the id and the text of the last message. A state that is not Waiting
  /// or Generating ends the text.
  void updateLast(const Message& message);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

 Q_SIGNALS:
  void messageCountChanged();

 private:
  struct Entry {
    Message message;
    int first_row = 0;
    QString reasoning;
    bool has_reasoning = false;
    ReasoningSplitter splitter;
    MarkdownStream markdown;
    std::vector<MarkdownBlock> blocks;  ///< what the rows show of `markdown`

    int blockCount() const { return static_cast<int>(blocks.size()); }
    int rowCount() const {
      return message.role == app::Role::user ? 1 : blockCount() + (has_reasoning ? 2 : 1);
    }
  };

  static Entry entryOf(const Message& message);
  static bool isOpen(const Message& message);
  const Entry& entryAt(int row) const;
  QVariant blockData(const MarkdownBlock& block, int role) const;
  void show(Entry& entry, const ReasoningSplitter::Part& part, bool end);
  void showBlocks(Entry& entry, size_t changed);
  void markLast();

  std::vector<Entry> entries_;
};

}  // namespace quern::app
