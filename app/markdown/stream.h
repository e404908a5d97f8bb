#pragma once

#include <vector>

#include "app/markdown/blocks.h"

namespace quern::app {

/// Markdown that grows at its end, as blocks. Only what follows the last finished top-level block
/// is parsed again.
///
/// After finish(), blocks() equals parseMarkdown of the whole text, however it was cut into pieces;
/// the one exception is a link reference whose definition follows its use in a later top-level
/// block: it stays plain text. Belongs to one thread.
class MarkdownStream {
 public:
  /// Adds text. Returns the index of the first block that may differ from before; blocks().size()
  /// when none does.
  ///
  /// A last line that could still become several things ("-", "##", "``") is held back until it is
  /// decided.
  size_t append(QStringView text);

  /// The text is complete: shows what was held back. Returns as append does.
  size_t finish();

  const std::vector<MarkdownBlock>& blocks() const { return blocks_; }

 private:
  size_t update(qsizetype shown);
  void settle();

  QByteArray tail_;         ///< what follows the last finished top-level block
  qsizetype searched_ = 0;  ///< the tail holds no place to cut before this one
  QString half_;            ///< the first half of a surrogate pair
  size_t finished_ = 0;     ///< how many blocks are final
  std::vector<MarkdownBlock> blocks_;
};

}  // namespace quern::app
