#pragma once

#include <QString>

namespace quern::app {

/// Divides an answer that begins with <think>…</think> into the reasoning and what the reader is
/// told, as it grows.
class ReasoningSplitter {
 public:
  struct Part {
    QString reasoning;
    QString answer;
  };

  /// What the text adds to each side. A tag that has only partly arrived is held back.
  Part append(QStringView text);

  /// What was held back.
  Part finish();

  /// Whether the reasoning has begun and not ended.
  bool isReasoning() const { return state_ == State::opened || state_ == State::reasoning; }

 private:
  enum class State { start, opened, reasoning, gap, answer };

  State state_ = State::start;
  QString held_;
};

/// The answer alone, as it is sent back to the model.
QString withoutReasoning(const QString& text);

}  // namespace quern::app
