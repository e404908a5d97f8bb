#pragma once

#include <functional>
#include <vector>

#include <QtQml/qqmlregistration.h>
#include <QObject>
#include <QTimer>

namespace quern::app {

/// What can be taken back, newest first, with a text that says what. The newest is offered for a
/// while and can be undone for as long as the program runs. GUI thread.
class UndoStack : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Belongs to a chat session.")
  /// "Chat deleted"; empty when there is nothing.
  Q_PROPERTY(QString text READ text NOTIFY changed)
  Q_PROPERTY(bool isOffered READ isOffered NOTIFY changed)

 public:
  explicit UndoStack(QObject* parent = nullptr) : QObject(parent) {
    offer_.setSingleShot(true);
    offer_.setInterval(10000);
    connect(&offer_, &QTimer::timeout, this, &UndoStack::changed);
  }

  QString text() const { return steps_.empty() ? QString() : steps_.back().text; }
  bool isOffered() const { return offer_.isActive() && !steps_.empty(); }

  void push(const QString& text, std::function<void()> undo) {
    if (steps_.size() == deepest) steps_.erase(steps_.begin());
    steps_.push_back({text, std::move(undo)});
    offer_.start();
    Q_EMIT changed();
  }

  Q_INVOKABLE void undo() {
    if (steps_.empty()) return;
    const Step step = std::move(steps_.back());
    steps_.pop_back();
    offer_.stop();
    step.undo();
    Q_EMIT changed();
  }

  Q_INVOKABLE void dismiss() {
    offer_.stop();
    Q_EMIT changed();
  }

 Q_SIGNALS:
  void changed();

 private:
  static constexpr size_t deepest = 50;
  struct Step {
    QString text;
    std::function<void()> undo;
  };
  std::vector<Step> steps_;
  QTimer offer_;
};

}  // namespace quern::app
